// Moves phases up and down; the numbers that are sent, and that stand there without this script, follow.
const list = document.getElementById("phases");
const told = document.getElementById("moved");

function renumber() {
  const rows = [...list.children];
  rows.forEach((row, index) => {
    row.querySelector(".place input").value = index + 1;
    row.querySelector('[data-move="-1"]').disabled = index === 0;
    row.querySelector('[data-move="1"]').disabled = index === rows.length - 1;
  });
}

list.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-move]");
  if (!button) return;
  const row = button.closest("li");
  const isUp = button.dataset.move === "-1";
  const other = isUp ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (isUp) other.before(row);
  else other.after(row);
  renumber();
  // At an end the button pressed is off, and the keyboard would be nowhere.
  (button.disabled ? row.querySelector("[data-move]:not(:disabled)") : button).focus();
  const place = [...list.children].indexOf(row) + 1;
  told.textContent = `${row.querySelector(".title").textContent}: now number ${place} of ${list.children.length}.`;
});

document.body.classList.add("moves");
for (const moves of list.querySelectorAll(".moves")) moves.hidden = false;
renumber();
document.getElementById("trial")?.focus();
document.querySelector(".phase.has-errors")?.scrollIntoView({ block: "center" });
