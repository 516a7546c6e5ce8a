// SPDX-License-Identifier: Apache-2.0
// On paper: plots shrink to the width of the sheet, the table shows its rows, details are open.

// CSS pixels: A4 between the margins of style.css, and what plots are drawn at before they shrink.
const paperWidth = 690;
const drawnWidth = 860;
const drawnHeights = { tall: 440, medium: 340, low: 240 };  // as style.css says for print

function setUpPrint() {
  window.addEventListener("beforeprint", beforePrint);
  window.addEventListener("afterprint", afterPrint);
}

let opened = [];

function beforePrint() {
  drawTable(true);
  showParallel();
  opened = [...document.querySelectorAll("#layer-details:not([open])")];
  opened.forEach((element) => { element.open = true; });
  document.querySelectorAll(".plot").forEach(fitToPaper);
  const note = byId("print-note");
  const [passed, left] = [passing().length, table.rows.length - mostPrinted];
  const text = [
    passed < sweep.count ? `Filter: ${byId("filter").value || "ranges of the parallel axes"}.` : "",
    left > 0 ? `The first ${mostPrinted} of ${table.rows.length} rows; the page has the others.` : "",
  ].filter(Boolean).join(" ");
  note.textContent = text;
  note.hidden = !text;
}

function fitToPaper(plot) {
  if (!plot.data) return;
  const [drawn, paper] = plot.closest(".pair") ? [drawnWidth / 2, paperWidth / 2 - 12]
    : [drawnWidth, paperWidth];
  const width = Math.min(plot.offsetWidth, drawn);
  const height = drawnHeights[plot.classList[1]];
  Plotly.relayout(plot, { width, height });
  if (width > paper) plot.style.zoom = String(paper / width);
}

function afterPrint() {
  document.querySelectorAll(".plot").forEach((plot) => {
    plot.style.zoom = "";
    if (plot.data) Plotly.relayout(plot, { width: null, height: null, autosize: true });
  });
  opened.forEach((element) => { element.open = false; });
  byId("print-note").hidden = true;
  drawTable();
}
