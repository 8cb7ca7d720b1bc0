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

// A new page read from its top: to the error summary where there is one, else to the heading.
// Without this the focus would fall to the body, and a screen reader would say nothing.
const arrive = () => {
  const problem = document.querySelector("main .nhsuk-error-summary");
  const place = problem ?? document.querySelector("main h1");
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
  input.closest("fieldset").scrollIntoView();
  input.focus({ preventScroll: true });
});

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
