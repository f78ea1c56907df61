// Places where a concurrent write is hidden, and the choice that settles it: the chosen value is
// written again, so that it wins and nothing else is left.

import { h, button, notice, setText, showRows, table } from "./dom.js";
import { read, placeTarget, Away } from "./agent.js";
import { Later } from "./later.js";

const kPage = 200;
const kRules = {
  stamp: "the later one is shown; at equal times the writer decides",
  dot: "both have one stamp, and the higher dot is shown",
  reset: "a later write of the whole entry hides the value",
  type: "two types are at one place, and one is shown",
};

export async function readConflicts(after) {
  const parameters = after ? `&after=${encodeURIComponent(JSON.stringify(after))}` : "";
  return read(`/v1/conflicts?limit=${kPage}${parameters}`);
}

// The edit that makes `side` of a conflict the one that stands; null if it cannot be written here.
export async function choice(conflict, side) {
  const { object, path, rule } = conflict;
  const place = [object, ...path].join("/");
  const title = `let ${JSON.stringify(side.value)} stand at ${place}`;
  const rest = { title, parts: [], settles: { object, path } };
  const patch = (op) => ({ ...rest, method: "PATCH", target: placeTarget(object), body: { ops: [{ ...op, path }] } });
  if (rule === "type") {
    const isShown = side === conflict.winner;
    const value = isShown ? (await read(placeTarget(object, path))).value : side.value;
    if (!isShown && side.value === null) return null;
    return { ...rest, method: "PUT", target: placeTarget(object, path), body: { type: side.type, value } };
  }
  const hidesField = rule === "reset" && side === conflict.winner;
  return patch(hidesField ? { op: "unset" } : { op: "set", value: side.value });
}

// The values of a conflict, each with its choice.
export function choiceList(conflict, queue) {
  const { object, path, winner, losers, rule } = conflict;
  const place = [object, ...path].join("/");
  const choose = async (side) => {
    try {
      const edit = await choice(conflict, side);
      if (edit) await queue.add(edit);
      else notice(`The ${side.type} at ${place} cannot be read here while another type hides it`);
    } catch (error) {
      notice(`${place}: ${error.message}`);
    }
  };
  const row = (side, shown) => h("tr", { "data-lost": !shown },
    h("td", {}, shown ? "shown" : "hidden"),
    h("td", { class: "value" }, side.value === null && rule !== "reset" ? `(a ${side.type})` : JSON.stringify(side.value)),
    h("td", { class: "mono" }, timeOf(side.stamp)),
    h("td", { class: "mono" }, shortWriter(side.writer)),
    h("td", { class: "actions" }, button("Let it stand", () => choose(side),
      { "aria-label": `Let ${JSON.stringify(side.value)} stand at ${place}` })));
  const list = table(`${place}: ${kRules[rule] ?? ""} (rule “${rule}”)`, [["State"], ["Value"], ["Written"], ["Writer"], ["Choice"]]);
  list.body.append(row(winner, true), ...losers.map((side) => row(side, false)));
  return list.element;
}

// A writer is an agent, by its id in hex, or a client by the name that it gave itself.
export const shortWriter = (writer) => (/^[0-9a-f]{32}$/.test(writer) ? writer.slice(0, 8) : writer);

// A stamp is nanoseconds and a counter.
export function timeOf(stamp) {
  const millis = Number(BigInt(stamp.split(".")[0]) / 1_000_000n);
  return new Date(millis).toISOString().replace("T", " ").replace("Z", "");
}

export class Conflicts {
  constructor(section, queue, feed) {
    this.queue = queue;
    this.rows = [];
    this.place = h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Conflicts" });
    this.line = h("p", { class: "line", role: "status" });
    this.more = button("More", () => this.read(true), { disabled: true });
    section.append(h("p", { class: "quiet" },
      "Two wrote the same place without seeing each other. Every agent shows the same winner; a choice writes the place again."),
    this.line, this.place, this.more);
    this.later = new Later(section, 400, () => this.read(false));
    feed.watch({ change: () => this.later.call(), reset: () => this.later.call() });
  }

  start() { this.later.call(); }

  async read(more) {
    try {
      const last = this.rows.at(-1);
      const page = await readConflicts(more && last ? [last.object, last.path[0] ?? ""] : null);
      this.rows = more ? [...this.rows, ...page] : page;
      this.more.disabled = page.length < kPage;
      setText(this.line, this.rows.length === 1 ? "1 conflict" : `${this.rows.length} conflicts`);
    } catch (error) {
      if (!(error instanceof Away)) setText(this.line, error.message);
      return;
    }
    showRows(this.place, this.rows.map((row) => ({ key: JSON.stringify([row.object, row.path]), row, text: JSON.stringify(row) })),
      ({ row }) => h("div", {}, choiceList(row, this.queue)));
  }
}

