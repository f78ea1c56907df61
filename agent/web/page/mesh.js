// The agent's verdict, the members of the mesh, and the topology.

import { h, byId, setText, table, showRows } from "./dom.js";
import { read, Away } from "./agent.js";
import { drawTopology } from "./topology.js";

const kEveryMillis = 2_000;

const kFacts = [
  ["Version", (s) => s.version],
  ["Node", (s) => s.node_id],
  ["Up for", (s) => duration(s.uptime_seconds)],
  ["Topology", (s) => s.topology],
  ["Profile", (s) => s.profile],
  ["Mesh address", (s) => s.bind],
  ["Objects", (s) => String(s.objects)],
  ["Cells", (s) => String(s.cells)],
  ["Changes in the log", (s) => `${s.log.changes} (${bytes(s.log.bytes)})`],
  ["Clock", (s) => `${s.clock.trusted ? "trusted" : "not trusted"}, offset ${s.clock.offset_ms} ms`],
  ["Digest", (s) => s.digest],
];

const kHexFacts = ["Node", "Digest"];

const kColumns = [["Name"], ["State"], ["Address"], ["Round trip", "number"], ["Lag in changes", "number"],
  ["Last heard", "number"]];

export class Mesh {
  constructor(section, onSeen) {
    this.onSeen = onSeen;  // told whether the agent answered
    this.facts = kFacts.map(([title]) => h("dd", { class: kHexFacts.includes(title) ? "mono" : null }, "–"));
    const list = h("dl", { class: "facts" },
      ...kFacts.map(([title], i) => h("div", {}, h("dt", {}, title), this.facts[i])));
    this.members = table("Members of the mesh, as this agent sees them", kColumns);
    this.picture = h("div");
    section.append(list,
      h("div", { class: "two" },
        h("div", {}, h("h3", {}, "Members"),
          h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Members" }, this.members.element)),
        h("div", {}, h("h3", {}, "Topology"), this.picture)));
  }

  start() {}

  async look() {
    clearTimeout(this.timer);
    try {
      const [status, members] = await Promise.all([read("/v1/status"), read("/v1/members")]);
      this.show(status, members);
      this.onSeen(true);
    } catch (error) {
      if (error instanceof Away) {
        showVerdict("away", "the agent does not answer; edits are kept in this browser");
        this.onSeen(false);
      } else {
        showVerdict(error.status === 401 ? "no key" : "degraded", error.message);
        this.onSeen(true);
      }
    }
    this.timer = setTimeout(() => this.look(), kEveryMillis);
  }

  show(status, members) {
    setText(byId("agent-name"), status.name);
    document.title = `Hearsay ${status.name}`;
    const [state, reason] = verdictOf(status);
    showVerdict(state, reason);
    kFacts.forEach(([, text], i) => setText(this.facts[i], text(status)));
    members.sort((one, other) => Number(other.node_id === status.node_id) - Number(one.node_id === status.node_id) ||
      one.name.localeCompare(other.name));
    const rows = members.map((member) => ({ key: member.node_id, member, text: JSON.stringify(member) }));
    showRows(this.members.body, rows, ({ member }) => memberRow(member, member.node_id === status.node_id));
    drawTopology(this.picture, status, members);
  }
}

// What an operator wants to know first. An agent that is ready may hear nobody.
export function verdictOf(status) {
  if (status.state !== "ready") return [status.state, status.reason];
  if (status.isolated) return ["isolated", status.isolated];
  const { alive, suspect, dead } = status.members;
  const troubled = suspect + dead > 0 ? `, ${suspect} suspect, ${dead} dead` : "";
  return ["ready", `${alive} of ${alive + suspect + dead} members alive${troubled}`];
}

function showVerdict(state, reason) {
  byId("verdict").dataset.state = state;
  byId("verdict").title = reason;
  setText(byId("verdict-word"), state);
  setText(byId("verdict-reason"), reason);
}

// What the agent knows of a member, in one word.
export function stateOf(member) {
  if (member.state !== "alive") return member.state;
  if (member.remembered) return "remembered";
  return member.unreachable ? "unreachable" : "alive";
}

function memberRow(member, self) {
  const state = stateOf(member);
  return h("tr", {},
    h("th", { scope: "row" }, self ? `${member.name} (here)` : member.name),
    h("td", {}, h("span", { class: "state", "data-state": state }, state)),
    h("td", { class: "mono" }, member.address),
    h("td", { class: "number" }, member.rtt_ms === null ? "–" : `${member.rtt_ms.toFixed(2)} ms`),
    h("td", { class: "number" }, lagText(member)),
    h("td", { class: "number" }, self || member.seen_seconds_ago === null ? "–" : `${member.seen_seconds_ago} s ago`));
}

// Of two numbers: what this agent lacks of the member, and what the member lacks of us.
function lagText(member) {
  if (member.vector_lag === null && member.behind === null) return "–";
  return `${member.behind ?? "–"} here, ${member.vector_lag ?? "–"} there`;
}

function duration(seconds) {
  const parts = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2)
    .map(([size, unit], i) => `${Math.floor(i === 0 ? seconds / size : (seconds % parts[first][0]) / size)} ${unit}`)
    .join(" ");
}

function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}
