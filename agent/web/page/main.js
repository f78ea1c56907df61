// Starts the parts of the page and switches between them.

import { byId, notice, setText } from "./dom.js";
import { Catalog } from "./catalog.js";
import { Conflicts } from "./conflicts.js";
import { Editor } from "./editor.js";
import { EventList } from "./event_list.js";
import { Feed } from "./feed.js";
import { listenForKey } from "./key.js";
import { MapTable } from "./map_table.js";
import { Mesh } from "./mesh.js";
import { Objects } from "./objects.js";
import { Queue } from "./queue.js";
import { QueueView } from "./queue_view.js";

const section = (name) => byId(`view-${name}`);
const links = [...document.querySelectorAll("nav a")];
const names = links.map((link) => link.hash.slice(1));

const queue = new Queue();
const feed = new Feed((live) => setText(byId("link-state"), live ? "live" : "away"));
const mesh = new Mesh(section("mesh"), (answers) => { if (answers) { feed.hurry(); queue.hurry(); } });
const objects = new Objects(section("objects"), queue, feed);
const parts = {
  mesh,
  objects,
  catalog: new Catalog(section("catalog"), queue, feed, (object, path) => {
    location.hash = "#objects";
    objects.open(object, path);
  }),
  conflicts: new Conflicts(section("conflicts"), queue, feed),
  dictionary: new MapTable(section("dictionary"), queue, feed,
    { object: "dictionary", key: "Word", value: "Meaning", caption: "The dictionary, the same on all agents" }),
  notes: new MapTable(section("notes"), queue, feed,
    { object: "notes", key: "Note", value: "Text", caption: "Notes of all devices" }, { long: true, conflicts: true }),
  text: new Editor(section("text"), queue, feed),
  events: new EventList(section("events"), feed),
  queue: new QueueView(section("queue"), queue),
};

let started = false;  // parts may read and write

function show(hash, focus) {
  const name = names.includes(hash.slice(1)) ? hash.slice(1) : names[0];
  for (const link of links) {
    const current = link.hash.slice(1) === name;
    section(link.hash.slice(1)).hidden = !current;
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (focus) byId("main").focus();
  if (started) parts[name].start();
}

async function start() {
  window.addEventListener("hashchange", () => show(location.hash, true));
  listenForKey();
  show(location.hash, false);
  mesh.look();
  navigator.serviceWorker?.register("sw.js").catch((error) => notice(`This page cannot be kept for offline use: ${error.message}`));
  try {
    await queue.start();
  } catch (error) {
    notice(`This browser keeps no edits (${error.message}); the page shows data and changes nothing`);
    return;
  }
  started = true;
  show(location.hash, false);
  feed.start();
}

start();
