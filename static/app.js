// Smooths pages that work without it. Each part may fail alone and leave a plain page behind.

// "Back" before this file ran: the browser moved to an address of htmx and kept the other page.
const [opened] = performance.getEntriesByType("navigation");
if (opened && history.state?.htmx && new URL(opened.name).pathname !== location.pathname) location.reload();

// A new page read from its top: to the error summary where there is one, else to the place that
// the link aimed at, else to the heading.
// Without this the focus would fall to the body, and a screen reader would say nothing.
const arrive = ({ detail }) => {
  const problem = document.querySelector("main .nhsuk-error-summary");
  const aimed = document.getElementById(detail.ctx.request.anchor ?? "");
  const place = problem ?? aimed ?? document.querySelector("main h1");
  if (!place) return;
  place.tabIndex = -1;
  window.scrollTo(0, 0);
  place.focus({ preventScroll: !problem });
};
document.addEventListener("htmx:after:swap", arrive);

// A summary's link leads to the input itself, not only near it.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".nhsuk-error-summary a");
  const input = link && document.getElementById(link.hash.slice(1));
  if (!input) return;
  event.preventDefault();
  input.closest("fieldset, .nhsuk-form-group").scrollIntoView();
  input.focus({ preventScroll: true });
});

// A tablet that patients pass on: counts down, asks before the end, gives more time, then wipes.
// By the clock and not by counting, since a tablet that sleeps counts nothing.
const bar = document.getElementById("tablet");
if (bar) {
  const { left, alarm, more, then } = bar.dataset;
  const quiet = bar.hasAttribute("data-quiet");
  const said = bar.querySelector("[data-said]");
  let end = Date.now() + left * 1000;
  const stay = (seconds) => {
    end = Math.max(end, Date.now() + seconds * 1000);
    said.textContent = "";
    bar.hidden = quiet;
  };
  setInterval(() => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    bar.querySelector("[data-count]").textContent = Math.max(0, seconds);
    if (seconds <= 0) location.replace(then);
    else if (seconds <= alarm && !said.textContent) {
      bar.hidden = false;
      said.textContent = said.dataset.said;
    }
  }, 250);
  bar.querySelector("[data-stay]").addEventListener("click", (event) => {
    event.preventDefault();
    stay(Number(more));
  });
  for (const touch of quiet ? ["pointerdown", "keydown", "scroll"] : [])
    document.addEventListener(touch, () => stay(Number(left)), { passive: true });
  // What Back would bring out of the browser's memory is asked for anew.
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
}

// The same page once more (an answer that could not be taken) is no new step for Back.
document.addEventListener("htmx:before:history:update", ({ detail }) => {
  if (detail.history.path === location.pathname) detail.history.type = "replace";
});

// A tap is answered at once, however slow the line: its button says so, and a screen reader once.
// Nothing is switched off: who taps again, or after the line has failed, still sends.
const working = document.getElementById("working");
let tapped, leaving;
const rest = () => {
  if (!tapped) return;
  const { button, words } = tapped;
  button.classList.remove("working");
  if (words) button.textContent = words;
  working.textContent = "";
  tapped = undefined;
};
const acknowledge = (button) => {
  rest();
  if (!button) return;
  const words = button.matches(".nhsuk-button") && button.textContent;
  tapped = { button, words };
  button.classList.add("working");
  if (words) button.textContent = working.dataset.said;
  working.textContent = working.dataset.said;
};
document.addEventListener("submit", ({ submitter }) => acknowledge(submitter));
document.addEventListener("htmx:before:request", ({ detail }) => {
  if (detail.ctx.sourceElement.matches("a")) acknowledge(detail.ctx.sourceElement);
});
document.addEventListener("htmx:finally:request", () => leaving || rest());
addEventListener("pageshow", () => {
  leaving = false;
  rest();
});

// Whatever keeps htmx from finishing, the browser does the step by itself.
// Trap: a form that a script submits leaves out the button that was pressed, which may be the answer.
let pressed;
document.addEventListener("submit", ({ submitter }) => (pressed = submitter), true);
const byItself = (element) => {
  leaving = true;
  const step = element?.closest("form, a[href]");
  if (step?.matches("form")) {
    if (pressed?.name && pressed.form === step) {
      const said = document.createElement("input");
      Object.assign(said, { type: "hidden", name: pressed.name, value: pressed.value });
      step.appendChild(said);
    }
    step.submit();
  } else if (step) location.assign(step.href);
};
document.addEventListener("htmx:error", ({ detail }) => byItself(detail.ctx?.sourceElement));
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (/<main[\s>]/.test(ctx.text)) return;
  event.preventDefault();
  byItself(ctx.sourceElement);
});
