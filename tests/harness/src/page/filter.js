// Shows the rows that have a text, or those that failed. Without it, every row can be read.
const form = document.querySelector("#filter");
const groups = [...document.querySelectorAll("details")];
const first = groups.map((group) => group.open);
const show = () => {
  const text = form.elements.text.value.trim().toLowerCase();
  const failed = form.elements.failed.checked;
  const all = !text && !failed;
  groups.forEach((group, number) => {
    const named = group.dataset.check.includes(text);
    let shown = 0;
    for (const row of group.querySelectorAll("tbody tr")) {
      const fits = named || row.textContent.toLowerCase().includes(text);
      row.hidden = !fits || (failed && !("failed" in row.dataset));
      shown += row.hidden ? 0 : 1;
    }
    group.hidden = shown === 0;
    group.open = all ? first[number] : shown > 0;
  });
};
form.hidden = false;
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
show();
