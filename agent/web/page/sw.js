// Keeps the files of the page, so that a reload works while the agent is away. It touches nothing
// else: requests outside /ui/ never come here.

const kCache = "hearsay-page";
const kFiles = ["./", "agent.js", "catalog.js", "conflicts.js", "database.js", "dom.js", "editor.js", "event_list.js",
  "feed.js", "icon.svg", "key.js", "later.js", "main.js", "map_table.js", "mesh.js", "objects.js", "overlay.js", "queue.js", "queue_view.js",
  "replica.js", "style.css", "text_edits.js", "text_session.js", "topology.js"];

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(kCache).then((cache) => cache.addAll(kFiles)));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const own = url.origin === self.location.origin && url.href.startsWith(self.registration.scope);
  if (own && event.request.method === "GET") event.respondWith(fresh(event));
});

// The agent's own file as long as it answers, so that an upgrade is seen at once. The page does not
// wait until it is kept.
async function fresh(event) {
  try {
    const response = await fetch(event.request);
    if (response.ok) event.waitUntil(keep(event.request, response.clone()));
    return response;
  } catch (error) {
    const cache = await caches.open(kCache);
    const kept = await cache.match(event.request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

async function keep(request, response) {
  const cache = await caches.open(kCache);
  await cache.put(request, response);
}
