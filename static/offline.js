// Whom to call stays at hand without a network: from the first question on until "Clear my answers".
// Over plain http, and on a tablet that patients pass on, there is no such thing.
const worker = document.getElementById("tablet") ? undefined : navigator.serviceWorker;
const WORKER = "/worker.js";
const address = () =>
  globalThis.trustedTypes?.createPolicy("worker", { createScriptURL: () => WORKER }).createScriptURL("") ?? WORKER;
let registered;
const keepAtHand = () => {
  if (location.pathname.startsWith("/check/")) registered ??= worker.register(address(), { updateViaCache: "none" });
};
const dropAll = async () => {
  for (const each of await worker.getRegistrations()) await each.unregister();
  for (const name of await caches.keys()) await caches.delete(name);
};
if (worker && location.pathname === "/cleared") dropAll();
else if (worker) {
  if (document.readyState === "complete") keepAtHand();
  else addEventListener("load", keepAtHand);
  document.addEventListener("htmx:after:swap", keepAtHand);
}

// The page for no network stands under the address that could not be reached: try that one again.
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-retry]") || location.pathname === "/offline") return;
  event.preventDefault();
  location.assign(location.pathname);
});
