// SPDX-License-Identifier: Apache-2.0
// Energy by block: of the points on the front, and of the layers of the selected point. Every column
// energy_* is a block.

const isBlock = (column) => column.key.startsWith("energy_") && column.kind !== "text";
const mostBars = 16;
let pointBlocks = [];
let layerBlocks = [];

function setUpCost() {
  pointBlocks = sweep.columns.filter((c) => isBlock(c) && valuesOf(c.key).some((v) => v !== null));
  layerBlocks = sweep.layers.columns.filter(
    (c) => isBlock(c) && c.values.some((value) => value !== null));
  if (!layerBlocks.length) layerBlocks = sweep.layers.columns.filter((c) => c.key === "energy");
  byId("cost-plots").firstElementChild.hidden = !pointBlocks.length;
  if (!pointBlocks.length && !layerBlocks.length) {
    byId("section-cost").hidden = true;
    return;
  }
  byId("share").addEventListener("change", drawCost);
  onChange(["filter", "axes", "selected"], drawCost);
}

const drawnCost = { points: "", layers: "" };  // what stands there, to draw only what changes

function drawCost() {
  const share = byId("share").checked;
  const points = pointBlocks.length ? barPoints() : [];
  const layers = `${share} ${state.selected}`;
  if (pointBlocks.length && drawnCost.points !== `${layers} ${points.join()}`) {
    drawCostOfPoints(points, share);
    drawnCost.points = `${layers} ${points.join()}`;
  }
  if (drawnCost.layers === layers) return;
  drawnCost.layers = layers;
  const rows = state.selected === null ? [] : layerRows(state.selected);
  byId("cost-plots").lastElementChild.hidden = !rows.length || !layerBlocks.length;
  if (rows.length && layerBlocks.length) drawCostOfLayers(rows, share);
}

// At most `mostBars` points of the front, evenly chosen, by falling energy, and the selected one.
function barPoints() {
  const front = state.front && state.front.length ? state.front : passing();
  const step = Math.max(1, front.length / mostBars);
  const chosen = new Set();
  for (let at = 0; at < front.length; at += step) chosen.add(front[Math.floor(at)]);
  if (state.selected !== null) chosen.add(state.selected);
  const total = (point) => pointBlocks.reduce((sum, c) => sum + (valuesOf(c.key)[point] || 0), 0);
  return [...chosen].filter((point) => total(point) > 0).sort((a, b) => total(b) - total(a) || a - b);
}

function drawCostOfPoints(points, share) {
  const rows = pointBlocks.map((column) => points.map((point) => valuesOf(column.key)[point]));
  const names = points.map((point) => pointLabel(point));
  bars("cost-points", pointBlocks, rows, share,
    points.map((point, i) => (point === state.selected ? `${names[i]} ◂` : names[i])),
    points.map((point) => `Point ${sweep.index[point]}`));
  const axes = sweep.varied.length && sweep.varied.length <= 3
    ? `Names of points: ${sweep.varied.map((column) => column.key).join(" · ")}. ` : "";
  byId("cost-caption").textContent = axes + "◂ marks the selected point. Energy of one inference.";
}

function drawCostOfLayers(rows, share) {
  const values = layerBlocks.map((column) => rows.map((row) => column.values[row]));
  bars("cost-layers", layerBlocks, values, share, rows.map(layerName), rows.map(layerName));
}

// Stacked bars: values[block][bar] in J; one unit for all, after the largest bar.
function bars(id, blocks, values, share, names, hovers) {
  const totals = names.map((_, bar) => values.reduce((sum, row) => sum + (row[bar] || 0), 0));
  const [unit, factor] = energyUnit(Math.max(0, ...totals));
  const traces = blocks.map((column, i) => ({
    type: "bar", name: escaped(blockName(column.key)),
    x: names.map((_, bar) => bar), hoverinfo: "text", hoverlabel: hoverStyle,
    y: values[i].map((value, bar) => (share ? 100 * (value || 0) / (totals[bar] || 1)
      : (value || 0) * factor)),
    hovertext: values[i].map((value, bar) => `<b>${escaped(hovers[bar])}</b><br>` +
      `${escaped(blockName(column.key))}: ${escaped(amount((value || 0) * factor))} ${unit} ` +
      `(${(100 * (value || 0) / (totals[bar] || 1)).toFixed(1)} %)`),
    marker: { color: okabeIto[i % okabeIto.length], line: { width: 0.5, color: "#fff" },
      pattern: { shape: i < okabeIto.length ? "" : "/" } } }));
  const layout = { ...smallLayout(share ? "Share [%]" : `Energy [${unit}]`), barmode: "stack" };
  layout.showlegend = blocks.length > 1;
  layout.legend.traceorder = "normal";
  layout.xaxis = { ...layout.xaxis, ticks: "", showgrid: false, tickvals: names.map((_, i) => i),
    ticktext: names.map((name) => escaped(name, 22)), range: barRange(names.length) };
  Plotly.react(byId(id), traces, layout, { ...plotConfig, displayModeBar: false });
}

const blockName = (key) => (key === "energy" ? "all blocks"
  : key.replace(/^energy_/, "").replace(/^adc$/, "ADC").replace(/_/g, " "));

const amount = (value) => value.toLocaleString("en", { maximumSignificantDigits: 4 });

function energyUnit(largest) {
  for (const [unit, factor] of [["J", 1], ["mJ", 1e3], ["µJ", 1e6], ["nJ", 1e9], ["pJ", 1e12]]) {
    if (largest * factor >= 1) return [unit, factor];
  }
  return ["fJ", 1e15];
}
