// Draws the mesh as this agent sees it: the agent in the middle, its members around it.

import { svg } from "./dom.js";
import { stateOf } from "./mesh.js";

const kWidth = 480;
const kHeight = 340;
const kShownMax = 40;

export function drawTopology(place, status, members) {
  const others = members.filter((member) => member.node_id !== status.node_id);
  const shown = others.slice(0, kShownMax);
  const words = sentence(status, others);
  const text = words + JSON.stringify(shown.map((m) => [m.name, stateOf(m), m.heard, m.rtt_ms?.toFixed(1)]));
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  const middle = { x: kWidth / 2, y: kHeight / 2 };
  const points = shown.map((member, i) => ({ member, ...around(middle, i, shown.length) }));
  place.replaceChildren(svg("svg",
    { class: "topology", viewBox: `0 0 ${kWidth} ${kHeight}`, role: "img", "aria-label": words },
    ...points.map((point) => edge(middle, point)),
    ...points.map((point) => node(point.x, point.y, point.member.name, stateOf(point.member), false)),
    node(middle.x, middle.y, status.name, status.isolated ? "unreachable" : "alive", true),
    others.length > shown.length
      ? svg("text", { class: "quiet", x: middle.x, y: kHeight - 6 }, `and ${others.length - shown.length} more`)
      : null));
}

function around(middle, number, count) {
  const angle = (2 * Math.PI * number) / Math.max(count, 1) - Math.PI / 2;
  return { x: middle.x + 175 * Math.cos(angle), y: middle.y + 115 * Math.sin(angle) };
}

function edge(middle, { x, y, member }) {
  const heard = stateOf(member) === "alive" && member.heard;
  const line = svg("line", { x1: middle.x, y1: middle.y, x2: x, y2: y, "data-heard": heard ? "yes" : "no" });
  if (member.rtt_ms === null) return line;
  return svg("g", {}, line, svg("text", { class: "quiet", x: (middle.x + x) / 2, y: (middle.y + y) / 2 - 4 },
    `${member.rtt_ms.toFixed(1)} ms`));
}

function node(x, y, name, state, self) {
  return svg("g", {},
    svg("circle", { cx: x, cy: y, r: self ? 18 : 13, "data-state": state, "data-self": self }),
    svg("text", { x, y: self || y > kHeight / 2 ? y + (self ? 34 : 28) : y - 20 }, name.length > 18 ? `${name.slice(0, 17)}…` : name));
}

function sentence(status, others) {
  if (others.length === 0) return `${status.name} knows no other member.`;
  const list = others.map((member) => `${member.name} is ${stateOf(member)}`);
  return `${status.name} is connected to ${others.length} members: ${list.join(", ")}.`;
}
