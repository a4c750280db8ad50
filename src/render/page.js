"use strict";
document.documentElement.classList.add("scripted");
for (const group of document.querySelectorAll("[data-filter]")) {
  const rows = document.querySelectorAll(group.dataset.filter + " [data-kind]");
  const buttons = group.querySelectorAll("button");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      const kind = button.dataset.show;
      for (const row of rows) row.hidden = kind !== "" && row.dataset.kind !== kind;
    });
  }
}
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => row.cells[column].dataset.value || row.cells[column].textContent;
      const body = table.tBodies[0];
      const rows = Array.from(body.rows);
      rows.sort((a, b) => value(a).localeCompare(value(b), "en", { numeric: true }) * (up ? 1 : -1));
      body.append(...rows);
    });
  });
}
