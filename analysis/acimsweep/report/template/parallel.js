// SPDX-License-Identifier: Apache-2.0
// Parallel coordinates of swept parameters and objectives. A range that is drawn on an axis joins the
// filter of the page; the text filter takes lines away here.

let parallelKeys = [];

function setUpParallel() {
  const plot = byId("parallel");
  const objectives = sweep.objectives.filter(
    (entry) => entry.main && distinct(entry.key).length > 1);
  parallelKeys = [...sweep.varied.map((column) => column.key),
    ...objectives.map((entry) => entry.key)];
  if (!hasWebGl || parallelKeys.length < 2) {
    plot.classList.add("empty");
    plot.textContent = hasWebGl ? "Fewer than two columns vary, so there is nothing to draw here."
      : "This browser draws no WebGL, which this plot needs. The rest of the page works without.";
    byId("parallel-caption").textContent = "";
    return;
  }
  plot.style.minWidth = `${parallelKeys.length * 105}px`;
  byId("parallel-caption").textContent =
    "Drag along an axis to keep a range, click the axis to drop it; drag a name to move an axis.";
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    showParallel();
  }, { rootMargin: "400px" });
  watch.observe(plot);
}

// Draws for the first time when the reader comes near, or prints: to set up WebGL may take seconds.
function showParallel() {
  if (byId("parallel").data || byId("parallel").classList.contains("empty")) return;
  drawParallel();
  onChange(["filter", "colour"], drawParallel);
}

let drawnLines = "";

function drawParallel() {
  const points = Array.from({ length: sweep.count }, (_, point) => point).filter(state.filter);
  const lines = `${state.colour} ${points.join()}`;
  if (lines === drawnLines) return;
  drawnLines = lines;
  const plot = byId("parallel");
  const first = !plot.data;
  const widest = Math.max(...parallelKeys.map((key) => axisLabel(key).length));
  const slanted = widest * 6.6 > (plot.clientWidth - 140) / (parallelKeys.length - 1);
  const trace = { type: "parcoords", line: parallelLine(points),
    dimensions: parallelKeys.map((key) => dimension(key, points)),
    labelfont: { ...plotFont, size: 12 }, tickfont: { ...plotFont, size: 11 },
    rangefont: { ...plotFont, size: 10, color: "#ffffff" },  // ticks say the range already
    labelangle: slanted ? -18 : 0, labelside: "top" };
  const layout = { font: plotFont, paper_bgcolor: "#fff",
    margin: { l: 70, r: slanted ? 90 : 70, t: slanted ? 92 : 48, b: 22 } };
  Plotly.react(plot, [trace], layout, { ...plotConfig, displayModeBar: false });
  if (first) plot.on("plotly_restyle", readBrushes);
}

function axisLabel(key) {
  const { role, short, unit } = sweep.column.get(key);
  const label = role === "parameter" ? shortKey(key) : short;
  return cutText(unit ? `${label} [${unit}]` : label, 34);
}

function dimension(key, points) {
  const column = sweep.column.get(key);
  const entry = { name: key, label: escaped(axisLabel(key)) };
  const brush = state.brushes.get(key);
  if (brush) entry.constraintrange = brush;
  if (!isNumeric(key)) {
    const names = distinct(key);
    return { ...entry, values: points.map((i) => names.indexOf(valuesOf(key)[i])),
      range: [0, Math.max(1, names.length - 1)], tickvals: names.map((_, i) => i),
      ticktext: names.map((name) => cutText(name || "–", 18)) };  // read as plain text
  }
  const known = distinct(key).map((value) => shown(column, value));
  entry.range = [known[0], known[known.length - 1]];
  if (column.role === "parameter" && known.length <= 12) entry.tickvals = known;
  if (column.role === "parameter" && known.length <= 12) entry.ticktext = known.map(String);
  return { ...entry, values: points.map((i) => shown(column, valuesOf(key)[i])) };
}

// Coloured as the trade-off is, numbers on one scale, names by their place.
function parallelLine(points) {
  const key = state.colour || sweep.metric || parallelKeys[parallelKeys.length - 1];
  const names = distinct(key);
  const column = sweep.column.get(key);
  const all = isNumeric(key) ? names.map((value) => shown(column, value))
    : names.map((_, i) => i);
  const colours = isNumeric(key) ? viridis : okabeIto.slice(0, Math.max(2, names.length));
  return { color: points.map((i) => (isNumeric(key) ? shown(column, valuesOf(key)[i])
    : names.indexOf(valuesOf(key)[i]))), colorscale: scaleOf(colours), cmin: all[0], cmax: all[all.length - 1] };
}

function readBrushes() {
  const brushes = new Map();
  const dimensions = byId("parallel").data[0].dimensions;
  parallelKeys = dimensions.map((entry) => entry.name);  // axes may have been moved
  for (const { name, constraintrange: range } of dimensions) {
    if (range && range.length) brushes.set(name, Array.isArray(range[0]) ? range : [range]);
  }
  state.brushes = brushes;
  changed("filter");
}

function clearBrushes() {
  state.brushes = new Map();
  drawnLines = "";
}
