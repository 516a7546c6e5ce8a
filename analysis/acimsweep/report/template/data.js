// SPDX-License-Identifier: Apache-2.0
// The sweep as the page holds it: columns of points and layers, and how their values are written.
// Text of the file reaches the document through textContent alone, and plotly through escaped().

const byId = (id) => document.getElementById(id);
let sweep = null;

// Unpacks base64 of gzip to text. The browser checks the library's text against its hash later.
async function unpack(id) {
  const element = byId(id);
  const binary = atob(element.textContent);
  element.remove();
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function adoptSweep(text) {
  sweep = JSON.parse(text);
  sweep.column = new Map(sweep.columns.map((column) => [column.key, column]));
  sweep.objective = new Map(sweep.objectives.map((entry) => [entry.key, entry]));
  sweep.parameters = sweep.columns.filter((column) => column.role === "parameter");
  // What is worth a place beside the objectives, without being one: the probability of the front.
  sweep.estimates = sweep.columns.filter((column) => column.role === "estimate");
  sweep.varied = sweep.parameters.filter((column) => distinct(column.key).length > 1);
  sweep.layerRange = new Map();
  sweep.layers.point.forEach((point, row) => {
    const range = sweep.layerRange.get(point) || [row, row];
    sweep.layerRange.set(point, [range[0], row + 1]);
  });
}

const valuesOf = (key) => sweep.values[key];
const isNumeric = (key) => sweep.column.get(key).kind === "number";

// Values that occur, without null, sorted.
function distinct(key) {
  const known = [...new Set(valuesOf(key))].filter((value) => value !== null);
  return isNumeric(key) ? known.sort((a, b) => a - b) : known.sort();
}

// Stored value in the unit that the page shows.
const shown = (column, value) => (value === null ? null : value * column.factor);

const trim = (text) => text.replace(/(\.\d*?)0+($|e)/, "$1$2").replace(/\.($|e)/, "$1");

// Four significant digits, percents with two decimals, parameters as they were written.
function numberText(value, column) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const number = value * column.factor;
  if (column.role === "parameter") return String(value);
  if (column.unit === "%") return number.toFixed(2);
  if (Number.isInteger(number) && Math.abs(number) < 1e7) return number.toLocaleString("en");
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return trim(number.toExponential(3));
  return number.toLocaleString("en", { maximumSignificantDigits: 4 });
}

function valueText(key, point) {
  const value = valuesOf(key)[point];
  return isNumeric(key) ? numberText(value, sweep.column.get(key)) : value;
}

const withUnit = (text, unit) => (unit && text !== "–" ? `${text} ${unit}` : text);
const heading = (column) => (column.unit ? `${column.label} [${column.unit}]` : column.label);

// Interval of an objective at a point in shown units: [low, high], or null where there is none.
function interval(key, point) {
  const objective = sweep.objective.get(key);
  if (!objective || !objective.low) return null;
  const ends = [objective.low, objective.high].map((end) => valuesOf(end)[point]);
  const column = sweep.column.get(key);
  return ends.includes(null) ? null : ends.map((end) => shown(column, end));
}

function intervalText(key, point) {
  const objective = sweep.objective.get(key);
  if (!objective || !objective.low || valuesOf(key)[point] === null) return "";
  const ends = [objective.low, objective.high].map((end) => valuesOf(end)[point]);
  if (ends.includes(null)) return "no interval";
  if (ends[0] === ends[1]) return "exact";
  const column = sweep.column.get(key);
  return `${numberText(ends[0], column)} to ${numberText(ends[1], column)}`;
}

// Plotly reads a few tags in its texts; this leaves it none to read.
function escaped(text, longest = 80) {
  return cutText(text, longest).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
    .replace(/[\n\r\t]/g, " ");
}

function cutText(text, longest) {
  const letters = [...String(text)];
  return letters.length > longest ? `${letters.slice(0, longest - 1).join("")}…` : String(text);
}

// A key without the part that all macros share, for narrow places.
const shortKey = (key) => key.replace(/^macro\./, "");

// "8 b" style label of a point from its varied parameters.
function pointLabel(point, most = 3) {
  if (!sweep.varied.length || sweep.varied.length > most) return `point ${sweep.index[point]}`;
  return sweep.varied.map((column) => valueText(column.key, point)).join(" · ");
}

// An element with text, never with markup.
function make(tag, text, ...classes) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  if (classes.length) element.classList.add(...classes);
  return element;
}
