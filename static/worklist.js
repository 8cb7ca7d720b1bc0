// Keeps an open worklist live. The stream only rings; what is new comes with the page itself, of
// which the head and the rows are taken. The row under the pointer or the focus stays in its place.

const LOST_AFTER = 16_000; // the server gives a sign of life every 8 seconds at least
const POLL_EVERY = 15_000;
const RENEW_EVERY = 60_000; // for the time that is left
const SPREAD = 300; // many pages hear the same bell
const OPEN_AGAIN = 30_000;
const TONE_EVERY = 20_000;

const head = () => document.getElementById("list-head");
const list = document.getElementById("list");
const title = document.title;
let stream = null;
let opened = 0;
let heard = Date.now();
let fetched = Date.now();
let busy = false;
let again = false;

// --- Rows that stay where they are ---

const held = () => document.activeElement?.closest("#list tr[id]") ?? list.querySelector("tbody tr:hover");

const still = (change) => {
  const row = held();
  const top = row?.getBoundingClientRect().top;
  const focused = list.contains(document.activeElement) && row;
  const place = row?.sectionRowIndex;
  change();
  const here = row && document.getElementById(row.id);
  if (focused && !list.contains(document.activeElement)) {
    const rows = list.querySelectorAll("tbody tr");
    const next = here ?? rows[Math.min(place, rows.length - 1)];
    (next?.querySelector("a") ?? document.querySelector("h1")).focus({ preventScroll: true });
  }
  if (here) hold(here, top);
  else list.style.paddingBlock = "";
};

const hold = (row, top) => {
  const off = () => row.getBoundingClientRect().top - top;
  const scroll = () => window.scrollBy({ top: off(), behavior: "instant" });
  scroll();
  // Where the page is too short to be scrolled that far, it gets room where it needs it: more than
  // once, since the first of it only fills the window.
  for (let tries = 0; tries < 3 && Math.abs(off()) >= 1; tries += 1) {
    const rest = off();
    const side = rest > 0 ? "paddingBlockEnd" : "paddingBlockStart";
    list.style[side] = `${(Number.parseFloat(list.style[side]) || 0) + Math.abs(rest)}px`;
    scroll();
  }
};

// --- Taking over what is new ---

const renew = (row, fresh) => {
  row.dataset.level = fresh.dataset.level;
  for (const [at, cell] of [...fresh.cells].entries())
    if (!row.cells[at].isEqualNode(cell)) row.cells[at].replaceWith(document.adoptNode(cell));
};

const takeRows = (fresh) => {
  const [body, wanted] = [list, fresh].map((place) => place.querySelector("tbody"));
  if (!body || !wanted) return list.replaceChildren(...fresh.childNodes);
  const known = new Map([...body.rows].map((row) => [row.id, row]));
  const rows = [...wanted.rows];
  const ids = new Set(rows.map((row) => row.id));
  for (const row of known.values()) if (!ids.has(row.id)) row.remove();
  let at = body.firstElementChild;
  for (const row of rows) {
    const old = known.get(row.id);
    if (!old) row.dataset.fresh = "";
    if (old === at) at = at?.nextElementSibling ?? null;
    else body.insertBefore(old ?? document.adoptNode(row), at);
    if (old) renew(old, row);
  }
  const more = [list, fresh].map((place) => place.querySelector(":scope > .link-alone"));
  more[0]?.remove();
  if (more[1]) list.append(more[1]);
  return undefined;
};

const isUrgentNews = (fresh, before, after) =>
  Number(after.urgent) > Number(before.urgent) ||
  (Number(after.newest) > Number(before.newest) &&
    [...fresh.querySelectorAll("[data-level=emergency], [data-level=same_day]")].some(
      (row) => row.id && !document.getElementById(row.id),
    ));

const takeList = (fresh) => {
  const shown = fresh.getElementById("list-head");
  const part = fresh.getElementById("list");
  if (!shown) return takeFrame(fresh);
  fetched = Date.now();
  const urgent = isUrgentNews(part, head().dataset, shown.dataset);
  still(() => {
    takeFrame(fresh);
    // What was searched for stays; only what stands above it is renewed.
    if (head().dataset.here) takeRows(part);
    else shown.dataset.here = "";
    head().replaceWith(document.adoptNode(shown));
    showSound();
  });
  showState();
  if (urgent) announce(document.getElementById("urgent")?.textContent ?? "");
  return undefined;
};

const announce = (words) => {
  const said = document.getElementById("said");
  said.textContent = "";
  requestAnimationFrame(() => (said.textContent = words));
};

const renewPage = async () => {
  if (gone.open) return;
  again = busy;
  if (busy) return;
  busy = true;
  try {
    takeList(await pageAt(head().dataset.here || "/worklist"));
  } catch {
    showState(); // the banner tells how old the page is
  }
  busy = false;
  if (again) renewPage();
};

// --- The stream, and what stands in for it ---

const isLive = () => Date.now() - heard < LOST_AFTER;

const showState = () => {
  const urgent = Number(head().dataset.urgent);
  if (!gone.open) document.title = urgent ? `(${urgent}) ${title}` : title;
  const lost = document.getElementById("lost");
  const words = isLive() ? "" : lost.dataset.words.replace("[time]", head().dataset.time);
  const classes = document.documentElement.classList;
  const live = isLive() && stream?.readyState === 1;
  const begins = isLive() && !live;
  if (lost.textContent === words && classes.contains("is-live") === live && classes.contains("is-connecting") === begins)
    return;
  still(() => {
    lost.textContent = words;
    classes.toggle("is-live", live);
    classes.toggle("is-connecting", begins);
  });
};

const open = () => {
  stream?.close();
  opened = Date.now();
  stream = new EventSource("/worklist/live");
  stream.onmessage = ({ data }) => {
    const back = !isLive();
    heard = Date.now();
    if (back || Number(data) > Number(head().dataset.rung)) setTimeout(renewPage, Math.random() * SPREAD);
    showState();
  };
  stream.addEventListener("ended", () => {
    stream.close();
    renewPage();
  });
};

const tick = () => {
  if (gone.open) return;
  showState();
  const age = Date.now() - fetched;
  if (age > (isLive() ? RENEW_EVERY : POLL_EVERY)) {
    fetched = Date.now(); // also a try that fails counts as one
    renewPage();
  }
  if (stream.readyState === 2 && Date.now() - opened > OPEN_AGAIN) open();
};

// --- Keys: only within the list, so that they are in nobody's way ---

const STEPS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

const onKey = (event) => {
  const step = STEPS[event.key];
  const rows = event.target.closest?.("#rows");
  if (!rows || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "/") {
    event.preventDefault(); // else the box gets it as its first letter
    document.getElementById("reference").select();
  }
  if (!step) return;
  const links = [...rows.querySelectorAll("th[scope=row] a")];
  const at = links.indexOf(event.target.closest("tr")?.querySelector("th a"));
  event.preventDefault();
  links[at < 0 ? 0 : at + step]?.focus();
};

// --- The sound of the alarm; browsers allow it after the first key or touch ---

let audio = null;
let toned = 0;
const isMuted = () => sessionStorage.getItem("muted") === "1";

const showSound = () => {
  const button = document.getElementById("sound");
  button.hidden = false;
  button.textContent = isMuted() ? button.dataset.on : button.dataset.off;
};

const wake = () => {
  audio ??= new AudioContext();
  audio.resume();
  tone();
};

const tone = () => {
  if (!desk().dataset.alarm || isMuted() || audio?.state !== "running") return;
  if (Date.now() - toned < TONE_EVERY) return;
  toned = Date.now();
  for (const [after, pitch] of [[0, 660], [0.25, 880]]) {
    const voice = new OscillatorNode(audio, { frequency: pitch });
    const quiet = new GainNode(audio, { gain: 0.15 });
    voice.connect(quiet).connect(audio.destination);
    voice.start(audio.currentTime + after);
    voice.stop(audio.currentTime + after + 0.2);
  }
};

if (desk() && head()) {
  open();
  // From the first key on one is in the list; the page stays where it is.
  if (document.activeElement === document.body)
    document.getElementById("rows")?.focus({ preventScroll: true });
  showSound();
  showState();
  setInterval(tick, 1_000);
  setInterval(tone, 1_000);
  document.addEventListener("visibilitychange", () => document.hidden || tick());
  document.addEventListener("keydown", onKey);
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, wake);
  document.addEventListener("click", ({ target }) => {
    if (target.id !== "sound") return;
    sessionStorage.setItem("muted", isMuted() ? "0" : "1");
    showSound();
  });
  document.addEventListener("desk:gone", () => stream.close());
  document.addEventListener("desk:back", () => {
    open();
    renewPage();
  });
}
