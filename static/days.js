// A calendar beside a box for a day, where the browser has one to open. What is typed counts just
// as well, in any form that the page names.
for (const button of document.querySelectorAll("[data-day-for]")) {
  const box = document.getElementById(button.dataset.dayFor);
  const picker = button.nextElementSibling;
  if (!box || !picker?.showPicker) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    picker.value = box.value; // what is no day in numbers leaves it empty
    picker.showPicker();
  });
  picker.addEventListener("change", () => {
    if (picker.value) box.value = picker.value;
    box.focus();
  });
}
