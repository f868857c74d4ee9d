// The cells of the rates are one stop of the Tab key, and arrow keys, Home and End go from cell to cell.
// Without this script each cell is a stop of its own.
"use strict";

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity] };

function goFromCellToCell(table) {
  const cells = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll(".cell a")]);
  const within = (place, length) => Math.max(0, Math.min(length - 1, place));
  let stop = cells[0][0];
  cells.flat().forEach((cell) => { cell.tabIndex = cell === stop ? 0 : -1; });
  table.addEventListener("focusin", (event) => {
    if (event.target.matches(".cell a")) {
      stop.tabIndex = -1;
      stop = event.target;
      stop.tabIndex = 0;
    }
  });
  table.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !event.target.matches(".cell a")) return;
    event.preventDefault();
    const row = cells.findIndex((one) => one.includes(event.target));
    const next = cells[within(row + step[0], cells.length)];
    next[within(cells[row].indexOf(event.target) + step[1], next.length)].focus();
  });
  document.getElementById("rates-keys").hidden = false;
}

document.querySelectorAll(".heatmap").forEach(goFromCellToCell);
