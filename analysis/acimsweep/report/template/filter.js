// SPDX-License-Identifier: Apache-2.0
// The language of the filter: comparisons joined by and, or, not and parentheses, or plain words. It is
// that of the package's `select`, with units behind numbers, ~ for "contains" and words without quotes.
// An expression becomes a function of the point's number; nothing is ever evaluated as a program.

class FilterError extends Error {}

const filterToken = new RegExp([
  "\\s*(?:",
  "(?<name>`[^`]*`)",
  "|(?<text>\"[^\"]*\"|'[^']*')",
  "|(?<number>[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?)(?![\\w.])",
  "|(?<measure>[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?[a-zA-Zµ]+)(?![\\w.])",
  "|(?<operator>==|!=|<=|>=|&&|\\|\\||[=<>~!()%,[\\]])",
  "|(?<word>[^\\s`\"'=<>~!()%&,[\\]]+)",
  ")"].join(""), "y");

function tokens(text) {
  const found = [];
  filterToken.lastIndex = 0;
  while (text.slice(filterToken.lastIndex).trim()) {
    const at = filterToken.lastIndex;
    const match = filterToken.exec(text);
    if (!match) throw new FilterError(`cannot read "${text.slice(at).trim().slice(0, 20)}"`);
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    found.push({ kind, text: match.groups[kind] });
  }
  return found;
}

// A function (point) => bool of the text of a filter. Throws FilterError with a sentence.
function compileFilter(text) {
  const words = text.trim();
  if (!words) return () => true;
  if (!/[=<>~]|\bin\s*[([]/.test(words)) return wordFilter(words);
  const parser = new FilterParser(tokens(words));
  const result = parser.either();
  if (parser.next()) throw new FilterError(`did not expect "${parser.next().text}"`);
  return result;
}

// Every word occurs somewhere in the parameters, the status or the id of the point.
function wordFilter(words) {
  const wanted = words.toLowerCase().split(/\s+/);
  const keys = sweep.columns.filter((c) => c.role === "parameter" || c.kind === "text");
  return (point) => {
    const line = keys.map((c) => `${c.key}=${valuesOf(c.key)[point]}`).join("\n").toLowerCase();
    return wanted.every((word) => line.includes(word));
  };
}

const comparisons = {
  "==": (a, b) => a === b, "=": (a, b) => a === b, "!=": (a, b) => a !== b,
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
};

class FilterParser {
  constructor(list) {
    this.list = list;
    this.at = 0;
    this.depth = 0;
  }

  next() { return this.list[this.at]; }

  take(...texts) {
    const token = this.next();
    if (!token || token.kind === "text" || token.kind === "name") return null;
    if (!texts.includes(token.text.toLowerCase())) return null;
    this.at += 1;
    return token;
  }

  either() {
    const parts = [this.both()];
    while (this.take("or", "||")) parts.push(this.both());
    return parts.length === 1 ? parts[0] : (point) => parts.some((part) => part(point));
  }

  both() {
    const parts = [this.one()];
    while (this.take("and", "&&")) parts.push(this.one());
    return parts.length === 1 ? parts[0] : (point) => parts.every((part) => part(point));
  }

  one() {
    this.depth += 1;
    if (this.depth > 100) throw new FilterError("too many parentheses");
    try {
      if (this.take("not", "!")) {
        const part = this.one();
        return (point) => !part(point);
      }
      if (this.take("(")) {
        const part = this.either();
        if (!this.take(")")) throw new FilterError("a parenthesis is not closed");
        return part;
      }
      return this.comparison();
    } finally {
      this.depth -= 1;
    }
  }

  comparison() {
    let left = this.operand();
    const negated = this.take("not");
    if (this.take("in")) {
      const inside = this.among(left);
      return negated ? (point) => !inside(point) : inside;
    }
    if (negated) throw new FilterError("behind not, in is missing");
    const tests = [];
    for (let sign = this.sign(); sign; sign = this.sign()) {
      const right = this.operand();
      tests.push(comparer(left, sign.text, right));
      left = right;
    }
    if (tests.length) return (point) => tests.every((test) => test(point));
    if (left.key && isNumeric(left.key)) return comparer(left, "==", { number: 1, raw: "1" });
    if (left.bare) throw unknownColumn(left.raw);
    throw new FilterError(`behind ${left.key || left.raw} one of = != < <= > >= ~ is missing`);
  }

  sign() { return this.take("==", "=", "!=", "<=", ">=", "<", ">", "~"); }

  among(left) {
    const close = { "(": ")", "[": "]" }[(this.take("(", "[") || {}).text];
    if (!close) throw new FilterError("behind in, a list such as (6, 8) is missing");
    const tests = [];
    do tests.push(comparer(left, "==", this.operand())); while (this.take(","));
    if (!this.take(close)) throw new FilterError(`the list is not closed with ${close}`);
    return (point) => tests.some((test) => test(point));
  }

  // A column {key}, or a value {number, unit} or {raw}, bare where it had no quotes.
  operand() {
    const token = this.next();
    if (!token || token.kind === "operator") throw new FilterError("a column or a value is missing");
    this.at += 1;
    const raw = token.text;
    if (token.kind === "text") return { raw: raw.slice(1, -1) };
    if (token.kind === "name") return { key: resolveColumn(raw.slice(1, -1)) };
    if (token.kind === "word") {
      if (/^(true|false)$/i.test(raw)) return { raw, number: Number(/^true$/i.test(raw)) };
      const key = findColumn(raw);
      return key ? { key } : { raw, bare: true };
    }
    return { raw, number: parseFloat(raw), unit: this.unitBehind(token) };
  }

  unitBehind(token) {
    if (token.kind === "measure") return token.text.replace(/^[-+\d.]+([eE][-+]?\d+)?/, "");
    if (this.take("%")) return "%";
    const next = this.next();
    if (!next || next.kind !== "word" || /^(and|or|not|in)$/i.test(next.text)) return "";
    this.at += 1;
    return next.text;
  }
}

// Compares two operands at a point. What is unknown fulfils only "!=".
function comparer(left, sign, right) {
  if (!left.key && !right.key) {
    const bare = [left, right].find((side) => side.bare);
    throw bare ? unknownColumn(bare.raw) : new FilterError("a comparison needs a column");
  }
  if (sign === "~") {
    if (!left.key || right.key) throw new FilterError("~ stands between a column and a text");
    const [values, part] = [valuesOf(left.key), right.raw.toLowerCase()];
    return (point) => String(values[point] ?? "").toLowerCase().includes(part);
  }
  const numeric = isNumeric(left.key || right.key);
  const [a, b] = [reader(left, right.key, numeric), reader(right, left.key, numeric)];
  const compare = comparisons[sign];
  return (point) => {
    const [x, y] = [a(point), b(point)];
    return x === null || y === null ? sign === "!=" : compare(x, y);
  };
}

// The value of an operand at a point, in the unit of the file.
function reader(side, column, numeric) {
  if (side.key) {
    if (isNumeric(side.key) !== numeric) throw new FilterError(`${side.key} and ${column} do not compare`);
    const values = valuesOf(side.key);
    return (point) => values[point];
  }
  if (!numeric) return () => side.raw;
  if (side.number === undefined) throw new FilterError(`${column}: "${side.raw}" is no number`);
  const value = side.unit ? side.number / unitFactor(sweep.column.get(column), side.unit)
    : side.number;
  return () => value;
}

const siPrefixes = { f: 1e15, p: 1e12, n: 1e9, u: 1e6, "µ": 1e6, m: 1e3, "": 1, k: 1e-3, M: 1e-6 };

// What a stored value is multiplied with to be read in a unit.
function unitFactor(column, unit) {
  if (unit === column.unit || (unit === "%" && column.unit.startsWith("%"))) return column.factor;
  const base = /[fpnuµmkM]?([Js])$/.exec(column.unit);
  if (base && unit.endsWith(base[1])) {
    const factor = siPrefixes[unit.slice(0, -1)];
    if (factor) return factor;
  }
  throw new FilterError(`${column.key} is not measured in "${unit}"` +
    (column.unit ? ` but in ${column.unit}` : ""));
}

const unknownColumn = (name) => new FilterError(`no column is called "${name}"`);

function resolveColumn(name) {
  const key = findColumn(name);
  if (!key) throw unknownColumn(name);
  return key;
}

// The column that is called so, or ends so where only one does; null where none does.
function findColumn(name) {
  if (sweep.column.has(name)) return name;
  const lower = name.toLowerCase();
  const ending = sweep.columns.filter((c) => c.key.toLowerCase().endsWith(`.${lower}`) ||
    c.key.toLowerCase() === lower);
  if (ending.length > 1) {
    throw new FilterError(`"${name}" may be ${ending.map((c) => c.key).join(" or ")}`);
  }
  return ending.length ? ending[0].key : null;
}
