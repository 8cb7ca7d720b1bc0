// Smooths pages that work without it. Each part may fail alone and leave a plain page behind.

// "None of these" leaves no other tick, and any other tick takes "none of these" away.
// The server enforces the same.
document.addEventListener("change", ({ target }) => {
  if (target.type !== "checkbox" || !target.checked) return;
  const exclusive = target.hasAttribute("data-exclusive");
  for (const other of target.form.querySelectorAll('input[type="checkbox"]')) {
    if (other === target) continue;
    if (exclusive || other.hasAttribute("data-exclusive")) other.checked = false;
  }
});

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

// Printing and copying by a button; without a script the page says how to do it by hand.
document.documentElement.classList.add("scripted");
document.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-print]")) window.print();
  const button = target.closest?.("[data-copy]");
  if (button) copy(button);
});

const copy = async (button) => {
  const source = document.getElementById(button.dataset.copy);
  const said = button.parentElement.querySelector("[role=status]");
  // Marked first: over plain http the browser gives us no clipboard, and by hand it is one step.
  if (source.select) source.select();
  else window.getSelection().selectAllChildren(source);
  let done = true;
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
  } catch {
    done = document.execCommand("copy");
  }
  said.textContent = done ? said.dataset.done : said.dataset.failed;
};

// The same page once more (an answer that could not be taken) is no new step for Back.
document.addEventListener("htmx:before:history:update", ({ detail }) => {
  if (detail.history.path === location.pathname) detail.history.type = "replace";
});

// Whatever keeps htmx from finishing, the browser does the step by itself.
const byItself = (element) => {
  const step = element?.closest("form, a[href]");
  if (step?.matches("form")) step.submit();
  else if (step) location.assign(step.href);
};
document.addEventListener("htmx:error", ({ detail }) => byItself(detail.ctx?.sourceElement));
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (/<main[\s>]/.test(ctx.text)) return;
  event.preventDefault();
  byItself(ctx.sourceElement);
});
