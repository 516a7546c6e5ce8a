// SPDX-License-Identifier: Apache-2.0
// The selected point: its values and the errors of its layers.

function setUpPoint() {
  onChange(["selected"], drawPoint);
}

const layerColumn = (key) => sweep.layers.columns.find((column) => column.key === key);

// Rows of the layers of a point.
function layerRows(point) {
  const range = sweep.layerRange.get(sweep.index[point]);
  return range ? Array.from({ length: range[1] - range[0] }, (_, i) => range[0] + i) : [];
}

const layerName = (row) => sweep.layers.names[sweep.layers.layer[row]];

function drawPoint() {
  const section = byId("section-point");
  section.hidden = state.selected === null;
  if (section.hidden) return;
  byId("point-name").textContent = `no. ${sweep.index[state.selected]}`;
  const entries = [...sweep.parameters, ...sweep.objectives.map((o) => sweep.column.get(o.key)),
    ...sweep.estimates];
  byId("point-values").replaceChildren(...entries.map(pointEntry));
  drawLayers(layerRows(state.selected));
}

function pointEntry(column) {
  const entry = document.createElement("div");
  const value = make("dd", withUnit(valueText(column.key, state.selected), column.unit));
  const ends = intervalText(column.key, state.selected);
  if (ends) value.append(" ", make("span", ends, "interval"));
  entry.append(make("dt", column.label), value);
  return entry;
}

function drawLayers(rows) {
  const known = (key) => layerColumn(key) && rows.some((row) => layerColumn(key).values[row] !== null);
  const snr = ["csnr", "sqnr"].filter(known);
  const errors = ["error_sd", "output_sd"].filter(known);
  byId("layer-plots").hidden = !snr.length && !errors.length;
  byId("layer-details").hidden = !rows.length;
  byId("layer-caption").textContent = rows.length ? "Errors are those of the analog result against " +
    "the exact one, in units of the integer product; a digital layer has none, and an error of zero " +
    "has no place on the logarithmic axis."
    : "These results hold no layers of this point. In a run directory they come with results.h5, " +
      "which acimsweep merge writes at any time.";
  if (!rows.length) return;
  layerTable(rows);
  const exact = known("error_sd") && rows.every((row) => !layerColumn("error_sd").values[row]);
  layerPlot("layer-csnr", rows, "Ratio [dB]", snr.map((key, i) => ({
    ...layerTrace(rows, key), type: "bar", name: layerColumn(key).label,
    marker: { color: okabeIto[i] } })),
  exact ? "Every layer of this point is exact, so no ratio is finite." : "Not in these results.");
  layerPlot("layer-error", rows, "Standard deviation", errors.map((key) => {
    const error = key === "error_sd";
    return { ...layerTrace(rows, key), type: "scatter", mode: "markers",
      name: error ? "error" : "exact output", marker: { size: 10, color: okabeIto[error ? 1 : 0],
        symbol: error ? "circle" : "diamond-open", line: { width: error ? 0 : 2 } } };
  }), "Not in these results.", "log");
}

function layerTrace(rows, key) {
  const column = layerColumn(key);
  return { x: rows.map((_, i) => i), y: rows.map((row) => shown(column, column.values[row])),
    hoverinfo: "text", hoverlabel: hoverStyle,
    hovertext: rows.map((row) => `<b>${escaped(layerName(row))}</b><br>${column.label}: ` +
      escaped(withUnit(numberText(column.values[row], column), column.unit))) };
}

// Draws, or says in words why there is nothing to draw.
function layerPlot(id, rows, title, traces, otherwise, type = "linear") {
  const plot = byId(id);
  plot.classList.toggle("empty", !traces.length);
  if (!traces.length) {
    if (plot.data) Plotly.purge(plot);
    plot.textContent = otherwise;
    return;
  }
  if (!plot.data) plot.textContent = "";
  const layout = { ...smallLayout(title), yaxis: { ...smallLayout(title).yaxis, type },
    xaxis: { ...axisStyle, ticks: "", fixedrange: true, tickvals: rows.map((_, i) => i),
      ticktext: rows.map((row) => escaped(layerName(row), 16)), showgrid: false,
      range: barRange(rows.length) } };
  if (type === "log") Object.assign(layout.yaxis, logTicks(traces.flatMap((trace) => trace.y)));
  Plotly.react(plot, traces, layout, { ...plotConfig, displayModeBar: false });
}

// Few bars stay slim.
const barRange = (count) => [-0.6, Math.max(3, count) - 0.4];

function smallLayout(title) {
  return { font: { ...plotFont, size: 12 }, margin: { l: 60, r: 8, t: 30, b: 40 }, bargap: 0.35,
    plot_bgcolor: "#fff", paper_bgcolor: "#fff", hovermode: "closest", dragmode: false,
    xaxis: { ...axisStyle, fixedrange: true },
    yaxis: { ...axisStyle, fixedrange: true, title: { text: title, standoff: 8 } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 12 } } };
}

// Energies of blocks stand in the plot; a sheet of paper is too narrow for their columns.
const blockClass = (column) => (column.key.startsWith("energy_") ? ["block"] : []);

function layerTable(rows) {
  const columns = sweep.layers.columns.filter(
    (column) => rows.some((row) => column.values[row] !== null && column.values[row] !== ""));
  const head = document.createElement("tr");
  head.append(make("th", "Layer", "plain", "words"));
  for (const column of columns) {
    const cell = make("th", column.label, "plain", ...blockClass(column));
    if (column.unit) cell.append(make("span", column.unit, "unit"));
    head.append(cell);
  }
  const body = document.createElement("tbody");
  for (const row of rows) {
    const line = document.createElement("tr");
    line.append(make("td", layerName(row), "words"));
    for (const column of columns) {
      const value = column.values[row];
      line.append(make("td", typeof value === "string" ? value : numberText(value, column),
        ...blockClass(column)));
    }
    body.append(line);
  }
  const top = document.createElement("thead");
  top.append(head);
  byId("layer-table").replaceChildren(top, body);
}
