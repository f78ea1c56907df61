// What this browser keeps for the queue, in IndexedDB: the edits that wait, in the order in which
// they were made, the names that the agent gave to letters of edits that were sent, and the texts
// that were open, as the agent showed them last.

const kStores = ["operations", "names"];
const kTexts = "texts";

export class Database {
  static async open() {
    const request = indexedDB.open("hearsay", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("operations", { keyPath: "number", autoIncrement: true });
      request.result.createObjectStore("names", { keyPath: ["base", "index"] });
      request.result.createObjectStore(kTexts, { keyPath: "target" });
    };
    return new Database(await result(request));
  }

  constructor(database) {
    this.database = database;
  }

  // Waiting for the disk would cost more than a key stroke may. An edit survives a reload and a crash
  // of the browser; a power cut may take the last ones that were not sent.
  // Runs `work({operations, names})` in one transaction and returns what it returns, after the
  // commit. `work` may wait for requests of the stores, and for nothing else.
  async change(work) {
    const transaction = this.database.transaction(kStores, "readwrite", { durability: "relaxed" });
    const end = new Promise((resume, fail) => {
      transaction.oncomplete = resume;
      transaction.onabort = () => fail(transaction.error ?? new Error("the browser refused to store the edit"));
    });
    const done = await work(storesOf(transaction));
    await end;
    return done;
  }

  text(target) { return result(this.database.transaction(kTexts).objectStore(kTexts).get(target)); }
  keepText(text) { this.database.transaction(kTexts, "readwrite").objectStore(kTexts).put(text); }

  operations() { return result(storesOf(this.database.transaction(kStores)).operations.getAll()); }
  names() { return result(storesOf(this.database.transaction(kStores)).names.getAll()); }
}

function storesOf(transaction) {
  return { operations: transaction.objectStore("operations"), names: transaction.objectStore("names") };
}

export function result(request) {
  return new Promise((resume, fail) => {
    request.onsuccess = () => resume(request.result);
    request.onerror = () => fail(request.error);
  });
}
