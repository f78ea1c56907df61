// Starts the parts of the page and switches between them.

import { byId } from "./dom.js";
import { Mesh } from "./mesh.js";

const section = (name) => byId(`view-${name}`);
const links = [...document.querySelectorAll("nav a")];
const names = links.map((link) => link.hash.slice(1));

function show(hash) {
  const name = names.includes(hash.slice(1)) ? hash.slice(1) : names[0];
  for (const link of links) {
    const current = link.hash.slice(1) === name;
    section(link.hash.slice(1)).hidden = !current;
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

window.addEventListener("hashchange", () => show(location.hash));
show(location.hash);
new Mesh(section("mesh"), () => {}).start();
