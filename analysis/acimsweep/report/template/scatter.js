// SPDX-License-Identifier: Apache-2.0
// The trade-off of two chosen columns: points with intervals, the front, the selected point.

const plotFont = { family: getComputedStyle(document.body).fontFamily, size: 13, color: ink };
const plotConfig = { displaylogo: false, responsive: true, scrollZoom: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "toggleSpikelines",
    "hoverClosestCartesian", "hoverCompareCartesian"],
  toImageButtonOptions: { format: "svg", filename: "trade-off" } };
// Beyond this many points the browser's graphics card draws them, if it may.
const mostDrawnAsSvg = 400;

const hasWebGl = (() => {
  const canvas = document.createElement("canvas");
  return Boolean(canvas.getContext("webgl"));
})();

const axisStyle = { gridcolor: "#e6eaee", zeroline: false, linecolor: "#8a96a2", showline: true,
  ticks: "outside", tickcolor: "#8a96a2", ticklen: 4, automargin: true };
const hoverStyle = { align: "left", bgcolor: "#ffffff", bordercolor: "#8a96a2",
  font: { ...plotFont, size: 12.5 } };

// Values of a column in shown units, text as it is.
function axisValues(key) {
  const column = sweep.column.get(key);
  return isNumeric(key) ? valuesOf(key).map((value) => shown(column, value)) : valuesOf(key);
}

function setUpScatter() {
  fillAxisMenu("axis-x", "x", "logX");
  fillAxisMenu("axis-y", "y", "logY");
  fillColourMenu();
  onChange(["filter", "axes", "colour", "selected", "view"], drawScatter);
}

function fillAxisMenu(id, axis, log) {
  const menu = byId(id);
  const groups = [
    ["Objectives", sweep.objectives.map((objective) => sweep.column.get(objective.key))],
    ["Parameters", sweep.parameters],
    ["Other columns", sweep.columns.filter((c) => ["other", "estimate"].includes(c.role) &&
      c.kind === "number" && distinct(c.key).length > 1)],
  ];
  for (const [label, columns] of groups) addOptions(menu, label, columns);
  menu.value = state[axis];
  const box = byId(axis === "x" ? "log-x" : "log-y");
  box.checked = state[log];
  menu.addEventListener("change", () => {
    state[axis] = menu.value;
    box.checked = state[log] = wantsLog(menu.value);
    changed("axes");
  });
  box.addEventListener("change", () => {
    state[log] = box.checked;
    changed("axes");
  });
}

function addOptions(menu, label, columns) {
  if (!columns.length) return;
  const part = document.createElement("optgroup");
  part.label = label;
  for (const column of columns) {
    const option = make("option", column.role === "other" ? column.key : column.label);
    option.value = column.key;
    part.append(option);
  }
  menu.append(part);
}

function fillColourMenu() {
  const menu = byId("colour");
  const none = make("option", "none");
  none.value = "";
  menu.append(none);
  addOptions(menu, "Parameters", sweep.parameters);
  addOptions(menu, "Objectives", sweep.objectives.map((entry) => sweep.column.get(entry.key)));
  addOptions(menu, "Estimates", sweep.estimates);
  menu.value = state.colour || "";
  menu.addEventListener("change", () => {
    state.colour = menu.value || null;
    changed("colour");
  });
}

// A span of more than a decade of positive numbers reads better on a logarithmic axis.
function wantsLog(key) {
  const objective = sweep.objective.get(key);
  if (!objective || sweep.column.get(key).unit === "%") return false;
  const known = distinct(key);
  return known.length > 1 && known[0] > 0 && known[known.length - 1] > 10 * known[0];
}

// Labels at 1, 2 and 5 of each decade, or at whole decades where there are many.
function logTicks(values) {
  const known = values.filter((value) => value > 0);
  const decades = Math.log10(Math.max(...known) / Math.min(...known));
  return decades > 0.7 && decades < 8 ? { dtick: decades < 3 ? "D2" : 1 } : {};
}

function drawScatter() {
  const gl = sweep.count > mostDrawnAsSvg && hasWebGl;
  const view = { type: gl ? "scattergl" : "scatter", x: axisValues(state.x),
    y: axisValues(state.y) };
  const traces = [];
  if (!state.hide) traces.push(outsideTrace(view));
  traces.push(...pointTraces(view));
  if (state.front && state.front.length) traces.push(frontTrace(view));
  if (state.selected !== null && (state.passes[state.selected] || !state.hide)) {
    traces.push(selectedTrace(view));
  }
  const plot = byId("pareto");
  const first = !plot.data;
  Plotly.react(plot, traces, scatterLayout(), plotConfig);
  if (first) {
    plot.on("plotly_click", (event) => {
      const hit = event.points.find((point) => Number.isInteger(point.customdata));
      if (hit) select(hit.customdata);
    });
  }
  byId("pareto-caption").textContent = scatterCaption(view);
}

function outsideTrace(view) {
  const points = state.passes.flatMap((passes, point) => (passes ? [] : [point]));
  return { type: view.type, mode: "markers", name: "outside the filter", hoverinfo: "skip",
    showlegend: false, x: points.map((i) => view.x[i]), y: points.map((i) => view.y[i]),
    marker: { size: 5, color: grey, opacity: 0.55 } };
}

function pointTraces(view) {
  const points = passing();
  const colours = colouring(state.colour, points);
  if (colours.kind === "groups") {
    return colours.groups.filter((entry) => entry.points.length).map((entry) => ({
      ...pointTrace(view, entry.points), name: escaped(entry.label, 40),
      showlegend: colours.groups.length > 1 || Boolean(state.colour),
      marker: { size: markerSize(), color: entry.colour, symbol: entry.symbol,
        line: { width: 1, color: "#ffffff" } } }));
  }
  return [{ ...pointTrace(view, points), showlegend: false,
    marker: { size: markerSize(), color: points.map((i) => colours.values[i]), colorscale: scaleOf(viridis),
      line: { width: 1, color: "#ffffff" },
      colorbar: { title: { text: escaped(heading(colours.column), 60), side: "right" },
        thickness: 14, outlinewidth: 0 } } }];
}

const markerSize = () => (sweep.count > mostDrawnAsSvg ? 6 : 9);

function pointTrace(view, points) {
  const trace = { type: view.type, mode: "markers", hoverinfo: "text", hoverlabel: hoverStyle,
    x: points.map((i) => view.x[i]), y: points.map((i) => view.y[i]), customdata: points,
    hovertext: points.map((i) => hoverTexts[i] || (hoverTexts[i] = hoverText(i))) };
  for (const axis of ["x", "y"]) {
    const ends = points.map((i) => interval(state[axis], i));
    if (!ends.some(Boolean)) continue;
    trace[`error_${axis}`] = { type: "data", symmetric: false, thickness: 1.2, width: 3,
      color: "rgba(70,84,98,.75)",
      array: ends.map((end, n) => (end ? Math.max(0, end[1] - view[axis][points[n]]) : 0)),
      arrayminus: ends.map((end, n) => (end ? Math.max(0, view[axis][points[n]] - end[0]) : 0)) };
  }
  return trace;
}

const hoverTexts = [];  // by point, once made

function hoverText(point) {
  const lines = [`<b>Point ${sweep.index[point]}</b>`];
  for (const { key, unit } of sweep.parameters) {
    lines.push(`${escaped(shortKey(key), 48)} = ${escaped(withUnit(valueText(key, point), unit), 48)}`);
  }
  lines.push("");
  for (const { key } of [...sweep.objectives, ...sweep.estimates]) {
    if (valuesOf(key)[point] === null) continue;
    const column = sweep.column.get(key);
    const ends = intervalText(key, point);
    lines.push(`${escaped(column.label)}: ${escaped(withUnit(valueText(key, point), column.unit))}` +
      (ends ? ` (${escaped(ends)})` : ""));
  }
  return lines.join("<br>");
}

// Steps that enclose what the front dominates.
function frontTrace(view) {
  const rising = sweep.objective.get(state.x).better === "max";
  return { type: "scatter", mode: "lines", name: "Pareto front", hoverinfo: "skip",
    x: state.front.map((i) => view.x[i]), y: state.front.map((i) => view.y[i]),
    line: { shape: rising ? "vh" : "hv", color: ink, width: 1.4 } };
}

function selectedTrace(view) {
  return { type: "scatter", mode: "markers", name: "selected", hoverinfo: "skip",
    showlegend: false, x: [view.x[state.selected]], y: [view.y[state.selected]],
    marker: { size: 18, symbol: "circle-open", color: "#c4230f", line: { width: 2.5 } } };
}

function scatterLayout() {
  const axis = (key, log) => {
    const column = sweep.column.get(key);
    const objective = sweep.objective.get(key);
    const better = objective ? `, ${objective.better === "max" ? "more" : "less"} is better` : "";
    return { ...axisStyle, ...(log ? logTicks(axisValues(key)) : {}), title: { text: escaped(heading(column), 70) + better, standoff: 12 },
      type: isNumeric(key) ? (log ? "log" : "linear") : "category" };
  };
  const column = state.colour && sweep.column.get(state.colour);
  const title = column ? shortKey(heading(column)) : "";
  const layout = { font: plotFont, hovermode: "closest", hoverdistance: 12,
    margin: { l: 64, r: 16, t: 32, b: 56 }, plot_bgcolor: "#fff", paper_bgcolor: "#fff",
    xaxis: axis(state.x, state.logX), yaxis: axis(state.y, state.logY), dragmode: "zoom",
    legend: { title: { text: escaped(title, 44) }, font: { size: 12.5 }, tracegroupgap: 2,
      itemclick: false, itemdoubleclick: false },
    uirevision: `${state.x} ${state.logX} ${state.y} ${state.logY}`, shapes: [], annotations: [] };
  if (byId("pareto").clientWidth < 640) {
    layout.legend = { ...layout.legend, orientation: "h", y: -0.2, yanchor: "top", x: 0 };
  }
  if (state.y === sweep.metric && sweep.baseline !== null && !state.logY) addBaseline(layout);
  return layout;
}

function addBaseline(layout) {
  const y = shown(sweep.column.get(state.y), sweep.baseline);
  layout.shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, layer: "below",
    line: { color: "#66717c", width: 1.2, dash: "dash" } });
  layout.annotations.push({ xref: "paper", x: 1, xanchor: "right", y, yanchor: "bottom",
    text: "without noise", showarrow: false, font: { size: 12, color: "#566472" } });
}

function scatterCaption(view) {
  const lost = passing().filter((i) => view.x[i] === null || view.y[i] === null).length;
  const parts = [];
  if (state.front) {
    const among = passing().length < sweep.count ? "the points that pass the filter" : "all points";
    parts.push(`${state.front.length.toLocaleString("en")} points are on the front of ${among}.`);
  } else {
    parts.push("A front needs two different objectives as axes.");
  }
  if ([state.x, state.y].some((key) => (sweep.objective.get(key) || {}).low)) {
    parts.push("Bars are 95 % intervals over chips.");
  }
  if (lost) parts.push(`${lost.toLocaleString("en")} points have no value on an axis.`);
  return parts.join(" ");
}
