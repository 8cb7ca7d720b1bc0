// Keeps an open page of staff up to date: the alarm, and the end of the session. Each page works
// without it. What it asks for by itself never keeps the session alive.

const QUIET = { "X-Quiet": "1" };
const LOOK_EVERY = 30_000;
const WARN_BEFORE = 120_000;

// A page of ours as a document. Not by fetch: Trusted Types let nothing else turn text into one.
const pageAt = (address) =>
  new Promise((resolve, reject) => {
    const asked = new XMLHttpRequest();
    asked.open("GET", address);
    asked.responseType = "document";
    asked.timeout = 10_000;
    for (const [name, value] of Object.entries(QUIET)) asked.setRequestHeader(name, value);
    const failed = () => reject(new Error("not answered"));
    asked.onload = () => (asked.status === 200 && asked.response ? resolve(asked.response) : failed());
    asked.onerror = asked.ontimeout = failed;
    asked.send();
  });

const desk = () => document.getElementById("desk");
const leaving = document.getElementById("leaving");
const gone = document.getElementById("gone");
let endsAt = 0;

const countFrom = (shown) => {
  endsAt = Date.now() + Number(shown.dataset.left) * 1000;
};

// Takes over what stands on every page. A page without a desk is the sign-in: the session is over.
const takeFrame = (fresh) => {
  const shown = fresh.getElementById("desk");
  if (!shown) return cover();
  // Someone else has signed in: nothing of the one before may stay.
  if (shown.dataset.who !== desk().dataset.who) return location.reload();
  countFrom(shown);
  const isNew = ["alarm", "undelivered"].some((name) => shown.dataset[name] !== desk().dataset[name]);
  if (isNew) desk().replaceWith(document.adoptNode(shown));
  const foot = fresh.getElementById("session-ends");
  document.getElementById("session-ends")?.replaceChildren(foot?.textContent ?? "");
  document.dispatchEvent(new Event("desk:looked"));
  return undefined;
};

const look = () => pageAt("/desk").then(takeFrame);

// What was typed stays in the page and nowhere else; nobody can read it before a new sign-in.
let name = "";
const isCovered = () => document.documentElement.classList.contains("covered");

const cover = () => {
  if (isCovered()) return;
  leaving.close();
  document.documentElement.classList.add("covered");
  name = document.title;
  document.title = document.getElementById("gone-heading").textContent;
  gone.showModal();
  document.dispatchEvent(new Event("desk:gone"));
};

const uncover = async () => {
  try {
    const fresh = await pageAt("/desk");
    if (!fresh.getElementById("desk")) throw new Error("not signed in");
    document.documentElement.classList.remove("covered");
    document.title = name;
    gone.close();
    takeFrame(fresh);
    document.dispatchEvent(new Event("desk:back"));
  } catch {
    document.getElementById("not-yet").hidden = false;
  }
};

const stay = async () => {
  leaving.close();
  try {
    await fetch("/account/stay", { method: "POST" });
    await look();
  } catch {
    leaving.showModal(); // not reached: they can try again until the time is over
  }
};

const watch = async () => {
  if (gone.open) return;
  const left = endsAt - Date.now();
  if (left > WARN_BEFORE) return leaving.close();
  // Another tab may have gone on with the same session, so ask before saying anything.
  await look().catch(() => left <= 0 && cover());
  if (!gone.open && !leaving.open && endsAt - Date.now() <= WARN_BEFORE) leaving.showModal();
};

// Words that were typed are sent only while someone is signed in and we are reached: else the page
// stays as it is, with them.
const sent = new WeakSet();
const guard = async (event) => {
  const form = event.target;
  if (sent.delete(form) || form.getAttribute("action") === "/sign-out") return;
  if (![...form.querySelectorAll("textarea:not([readonly])")].some((box) => box.value.trim())) return;
  event.preventDefault();
  const { submitter } = event;
  try {
    await look();
  } catch {
    return document.getElementById("unreached").showModal();
  }
  if (isCovered()) return;
  sent.add(form);
  form.requestSubmit(submitter);
};

// Who signs out in one tab is signed out in all of them, and they show it at once.
const tabs = new BroadcastChannel("desk");

if (desk()) {
  countFrom(desk());
  setInterval(watch, 5_000);
  document.addEventListener("visibilitychange", () => document.hidden || gone.open || look().catch(watch));
  tabs.addEventListener("message", () => gone.open || look().catch(() => {}));
  document.addEventListener("submit", guard);
  document.getElementById("reached").addEventListener("click", () => document.getElementById("unreached").close());
  // The worklist looks by itself, and more often.
  if (!document.getElementById("list-head")) setInterval(() => gone.open || look().catch(() => {}), LOOK_EVERY);
  gone.addEventListener("close", () => isCovered() && gone.showModal()); // Escape opens nothing
  document.getElementById("return").addEventListener("click", uncover);
  document.getElementById("stay").addEventListener("click", stay);
  leaving.addEventListener("cancel", stay);
}
// The page after signing out, and the sign-in itself, have no desk.
else tabs.postMessage("out");

// From a box of words on: close it and open the next, without a way to the button.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const quick = event.target.form?.querySelector("[data-quick]");
  if (quick) event.target.form.requestSubmit(quick);
});
