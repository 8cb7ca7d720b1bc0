// The square on a patient's screen leads here with the code behind the "#": into its box with it,
// and out of the address, where the browser would remember it.
{
  const box = document.querySelector('form[action="/shared"] #code');
  if (box && location.hash.length > 1) {
    box.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
  }
}
