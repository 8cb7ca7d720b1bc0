// Keeps one page for when the network is gone: whom to call, the signs, and a way to try again.
// It holds that page and the files that the page names; no question, no answer, no result.
const NAME = "offline";
const PAGE = "/offline";

// Without the cookie: the page is the same for all, and the cache tells nothing about anyone.
const keepPage = async () => {
  const page = await fetch(PAGE, { credentials: "omit", cache: "no-store" });
  if (!page.ok) throw new Error(`${PAGE}: ${page.status}`);
  const html = await page.clone().text();
  const files = [...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, file]) => file);
  const cache = await caches.open(NAME);
  await cache.addAll(files);
  await cache.put(PAGE, page);
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (pathname !== PAGE && !files.includes(pathname)) await cache.delete(url);
  }
};

// Trap: a form that another site sends would look like ours once it is fetched from here.
const isOurs = ({ method, referrer }) =>
  method === "GET" || (referrer && new URL(referrer).origin === location.origin);

addEventListener("install", (event) => event.waitUntil(keepPage().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === "navigate" && isOurs(request)) {
    const answer = fetch(request);
    event.respondWith(answer.catch(() => caches.match(PAGE).then((kept) => kept ?? Response.error())));
    // A number may have changed: where a check begins, the page is fetched anew.
    if (pathname === "/") event.waitUntil(answer.then(keepPage).catch(() => {}));
  } else if (pathname.startsWith("/static/")) {
    event.respondWith(fetch(request).catch(() => caches.match(request).then((kept) => kept ?? Response.error())));
  }
});
