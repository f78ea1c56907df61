// The API key that an agent asks of callers from other hosts. It is kept until this tab is closed.

import { byId, setText } from "./dom.js";

const kName = "hearsay-api-key";

export function withKey(headers) {
  const key = sessionStorage.getItem(kName);
  return key === null ? headers : { ...headers, Authorization: `Bearer ${key}` };
}

// The agent refused a request because of its key, or because it had none.
export function keyWanted(reason) {
  setText(byId("key-reason"), reason);
  byId("key").hidden = false;
}

// The page begins anew with the key. Edits are in the queue of the browser, so none is lost.
export function listenForKey() {
  byId("key").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(kName, byId("key-text").value.trim());
    location.reload();
  });
}
