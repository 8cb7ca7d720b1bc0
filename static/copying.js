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
