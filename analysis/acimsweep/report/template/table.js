// SPDX-License-Identifier: Apache-2.0
// The table of points: sorts by its headings, shows a page at a time, and gives itself as CSV.

const table = { sort: null, descending: false, page: 0, size: 25, all: false, rows: [] };
const mostPrinted = 500;

function setUpTable() {
  table.sort = sweep.metric;
  table.descending = sweep.metric && sweep.objective.get(sweep.metric).better === "max";
  for (const size of [10, 25, 50, 100, 500]) {
    const option = make("option", String(size));
    option.value = String(size);
    byId("page-size").append(option);
  }
  byId("page-size").value = String(table.size);
  byId("page-size").addEventListener("change", (event) => {
    table.size = Number(event.target.value);
    turnToSelected();
    drawTable();
  });
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  byId("all-columns").addEventListener("change", (event) => {
    table.all = event.target.checked;
    drawTable();
  });
  byId("csv").addEventListener("click", (event) => {
    event.currentTarget.download = `${sweep.name.replace(/[^\w.-]+/g, "_").slice(0, 60)}.csv`;
    event.currentTarget.href = `data:text/csv;charset=utf-8,${encodeURIComponent(csvText())}`;
  });
  fillHelp();
  onChange(["filter", "axes", "view"], () => { sortRows(); turnToSelected(); drawTable(); });
  onChange(["selected"], () => { turnToSelected(); drawTable(); });
}

function turn(by) {
  table.page += by;
  drawTable();
}

// Columns of the table: what was swept, what is judged, and everything on demand.
function tableColumns(printed) {
  if (table.all && !printed) return sweep.columns;
  const pending = sweep.column.has("status") && valuesOf("status").some((text) => text !== "done");
  return sweep.columns.filter((column) => ["parameter", "estimate"].includes(column.role) ||
    (sweep.objective.get(column.key) || {}).main || (pending && ["status", "n_chips"].includes(column.key)));
}

// null stands behind everything, whichever way the table is sorted; equal rows keep their order.
function sortRows() {
  const rows = Array.from({ length: sweep.count }, (_, point) => point)
    .filter((point) => state.passes[point] || !state.hide);
  const onFront = new Set(state.front || []);
  const value = table.sort === "#front" ? (point) => (onFront.has(point) ? 0 : 1)
    : table.sort === "#point" || !table.sort ? (point) => sweep.index[point]
      : (point) => valuesOf(table.sort)[point];
  const way = table.descending ? -1 : 1;
  table.rows = rows.sort((a, b) => {
    if (state.passes[a] !== state.passes[b]) return state.passes[a] ? -1 : 1;
    const [left, right] = [value(a), value(b)];
    if (left === right) return a - b;
    if (left === null) return 1;
    if (right === null) return -1;
    return way * (left < right ? -1 : 1);
  });
}

function sortBy(key) {
  const better = (sweep.objective.get(key) || {}).better;
  table.descending = table.sort === key ? !table.descending : better === "max";
  table.sort = key;
  table.page = 0;
  sortRows();
  drawTable();
}

function turnToSelected() {
  const at = table.rows.indexOf(state.selected);
  if (at >= 0) table.page = Math.floor(at / table.size);
}

function drawTable(printed = false) {
  const pages = Math.max(1, Math.ceil(table.rows.length / table.size));
  table.page = Math.min(Math.max(0, table.page), pages - 1);
  const from = printed ? 0 : table.page * table.size;
  const rows = table.rows.slice(from, printed ? mostPrinted : from + table.size);
  const columns = tableColumns(printed);
  const onFront = new Set(state.front || []);
  const body = document.createElement("tbody");
  for (const point of rows) body.append(tableRow(point, columns, onFront));
  byId("points").replaceChildren(tableHead(columns, printed), body);
  byId("page").textContent = `Page ${table.page + 1} of ${pages}`;
  byId("previous").disabled = table.page === 0;
  byId("next").disabled = table.page >= pages - 1;
}

// On paper headings are no buttons: browsers leave those out where they repeat the head of a table.
function tableHead(columns, printed) {
  const row = document.createElement("tr");
  const tag = printed ? "div" : "button";
  row.append(headCell("#point", "Point", "", tag), headCell("#front", "Front", "", tag));
  for (const { key, label, unit, kind } of columns) {
    row.append(headCell(key, label, unit, tag, kind === "text"));
  }
  const head = document.createElement("thead");
  head.append(row);
  return head;
}

function headCell(key, label, unit, tag, words = false) {
  const cell = document.createElement("th");
  cell.scope = "col";
  cell.dataset.key = key;
  if (words) cell.classList.add("words");
  const button = document.createElement(tag);
  label.split(/(?<=[._])/).forEach((part, i) => {  // a long key may break behind a dot
    if (i) button.append(document.createElement("wbr"));
    button.append(part);
  });
  if (table.sort === key) {
    button.append(make("span", table.descending ? " ▼" : " ▲", "arrow"));
    cell.setAttribute("aria-sort", table.descending ? "descending" : "ascending");
  }
  if (unit) button.append(make("span", unit, "unit"));
  button.addEventListener("click", () => sortBy(key));
  cell.append(button);
  return cell;
}

function tableRow(point, columns, onFront) {
  const row = document.createElement("tr");
  row.dataset.point = String(point);
  row.append(make("td", String(sweep.index[point])),
    make("td", onFront.has(point) ? "●" : "", "mark"));
  for (const { key, kind } of columns) {
    const cell = make("td", valueText(key, point));
    if (kind === "text") {
      cell.classList.add("words");
      cell.title = valuesOf(key)[point];
    }
    const ends = table.all ? "" : intervalText(key, point);
    if (ends) cell.append(make("span", ends, "interval"));
    row.append(cell);
  }
  if (point === state.selected) {
    row.classList.add("selected");
    row.setAttribute("aria-selected", "true");
  }
  if (!state.passes[point]) row.classList.add("outside");
  row.addEventListener("click", () => select(point));
  return row;
}

// All columns of the points that pass, as the table is sorted. Numbers read back equal; a text that
// a spreadsheet would take for a formula gets an apostrophe in front.
function csvText() {
  const field = (value) => {
    if (value === null) return "";
    let text = String(value);
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const keys = sweep.columns.map((column) => column.key);
  const lines = [["point", ...keys].map(field).join(",")];
  for (const point of table.rows.filter((row) => state.passes[row])) {
    lines.push([sweep.index[point], ...keys.map((key) => valuesOf(key)[point])].map(field).join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}

function fillHelp() {
  const help = byId("filter-help");
  help.append(make("p", "A filter compares columns, as in"));
  const first = sweep.parameters.find((column) => column.kind === "number");
  const example = [first ? `${first.key} >= ${distinct(first.key)[0]}` : null,
    sweep.metric === "accuracy" ? "accuracy >= 85 %" : null].filter(Boolean).join(" and ");
  const code = make("p");
  code.append(make("code", example || "status = done"));
  help.append(code, make("p", "with = != < <= > >= ~ (contains) and in (…), joined by and, or, not " +
    "and parentheses; comparisons chain, as in 6 <= bits <= 8. Numbers are in the unit of the file " +
    "or have their unit behind them. The end of a name is enough where it is clear; names with " +
    "spaces stand in `backquotes`. An unknown value fulfils only !=. Without a comparison, the " +
    "words are looked for in the parameters. Columns:"));
  const names = make("p");
  sweep.columns.forEach((column, i) => names.append(i ? " " : "", make("code", column.key)));
  help.append(names);
}
