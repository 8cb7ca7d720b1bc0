// Printing, copying and sharing by a button; without a script the page says how to do it by hand.
document.documentElement.classList.add("scripted");
if (navigator.share) document.documentElement.classList.add("shares");
document.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-print]")) window.print();
  const button = target.closest?.("[data-copy]");
  if (button) copy(button);
  const sharing = target.closest?.("[data-share]");
  if (sharing) share(sharing);
});

// The text alone: a link or a file would lead other people to the person's own page.
const share = async (button) => {
  const said = button.parentElement.querySelector("[role=status]");
  said.textContent = "";
  try {
    await navigator.share({ text: document.getElementById(button.dataset.share).value });
  } catch (error) {
    if (error.name !== "AbortError") said.textContent = said.dataset.failed; // that is a "no, thanks"
  }
};

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
