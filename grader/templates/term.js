"use strict";
// Choose a section, find rows, sort tables. Without it the page shows everybody, in the lessons' order.
const said = document.getElementById("said");
const blocks = [...document.querySelectorAll(".block")];
const section = document.getElementById("section");
const find = document.getElementById("find");

function shownBlock() {
  return blocks[section ? Number(section.value) : 0];
}

function showRows() {
  const text = find.value.trim().toLowerCase();
  let shown = 0, all = 0;
  for (const row of shownBlock().querySelectorAll("tbody tr")) {
    row.hidden = !row.textContent.toLowerCase().includes(text);
    shown += !row.hidden;
    all += 1;
  }
  said.textContent = text ? `${shown} of ${all} rows have it` : "";
}

function showSection() {
  blocks.forEach((block) => { block.hidden = block !== shownBlock(); });
  showRows();
  said.textContent = `Shown: ${section.selectedOptions[0].textContent}`;
}

function keyOf(row, column) {
  const cell = row.cells[column];
  return cell.dataset.sort ?? cell.textContent.trim();
}

function compare(one, other) {
  if (one === "" || other === "") return (one === "") - (other === "");  // unknown values stay last
  const difference = Number(one) - Number(other);
  return Number.isNaN(difference) ? one.localeCompare(other, undefined, { numeric: true }) : difference;
}

function sort(header) {
  const table = header.closest("table"), column = header.cellIndex;
  const isNumber = header.classList.contains("number");
  const before = header.getAttribute("aria-sort");
  const order = before === "none" ? (isNumber ? "descending" : "ascending")
    : before === "ascending" ? "descending" : "ascending";
  for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
  header.setAttribute("aria-sort", order);
  const sign = order === "descending" ? -1 : 1;
  const rows = [...table.tBodies[0].rows].map((row) => [keyOf(row, column), row]);
  rows.sort(([one], [other]) => (one === "" || other === "" ? compare(one, other) : sign * compare(one, other)));
  table.tBodies[0].append(...rows.map(([, row]) => row));
  said.textContent = `Sorted by ${header.textContent.trim()}, ${order}`;
}

for (const header of document.querySelectorAll("thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  header.append(button);
  header.setAttribute("aria-sort", "none");
  button.addEventListener("click", () => sort(header));
}
const controls = document.querySelector(".controls");
controls.hidden = false;
controls.addEventListener("submit", (event) => event.preventDefault());
find.addEventListener("input", showRows);
if (section) {
  section.value = "0";  // browsers keep a choice over a reload
  section.addEventListener("change", showSection);
}
find.value = "";
