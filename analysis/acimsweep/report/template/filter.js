// SPDX-License-Identifier: Apache-2.0
// The language of the filter: comparisons joined by and, or, not and parentheses, or plain words.
// An expression becomes a function of the point's number; nothing is ever evaluated as a program.

class FilterError extends Error {}

const filterToken = new RegExp([
  "\\s*(?:",
  "(?<name>`[^`]*`)",
  "|(?<text>\"[^\"]*\"|'[^']*')",
  "|(?<number>[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?)(?![\\w.])",
  "|(?<measure>[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?[a-zA-Zµ]+)(?![\\w.])",
  "|(?<operator>==|!=|<=|>=|&&|\\|\\||[=<>~!()%])",
  "|(?<word>[^\\s`\"'=<>~!()%&]+)",
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
  if (!/[=<>~]/.test(words)) return wordFilter(words);
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
    const key = this.column();
    const operator = this.take("==", "=", "!=", "<=", ">=", "<", ">", "~");
    if (!operator) throw new FilterError(`after ${key} one of = != < <= > >= ~ is missing`);
    const values = valuesOf(key);
    if (operator.text === "~") {
      const part = this.word(key).toLowerCase();
      return (point) => String(values[point] ?? "").toLowerCase().includes(part);
    }
    const wanted = isNumeric(key) ? this.number(key) : this.word(key);
    const compare = comparisons[operator.text];
    return (point) => values[point] !== null && compare(values[point], wanted);
  }

  column() {
    const token = this.next();
    if (!token || token.kind === "operator") throw new FilterError("the name of a column is missing");
    this.at += 1;
    return resolveColumn(token.kind === "name" ? token.text.slice(1, -1) : token.text);
  }

  word(key) {
    const token = this.next();
    if (!token || token.kind === "operator") throw new FilterError(`${key}: a value is missing`);
    this.at += 1;
    return token.kind === "text" || token.kind === "name" ? token.text.slice(1, -1) : token.text;
  }

  // A number, in the stored unit, or with the unit that the page shows behind it.
  number(key) {
    const token = this.next();
    if (!token || (token.kind !== "number" && token.kind !== "measure")) {
      throw new FilterError(`${key}: a number is missing${token ? `, not "${token.text}"` : ""}`);
    }
    this.at += 1;
    const column = sweep.column.get(key);
    const value = parseFloat(token.text);
    if (token.kind === "measure") {
      return value / unitFactor(column, token.text.replace(/^[-+\d.]+([eE][-+]?\d+)?/, ""));
    }
    if (this.take("%")) return value / unitFactor(column, "%");
    const unit = this.next();
    if (unit && unit.kind === "word" && !["and", "or"].includes(unit.text.toLowerCase())) {
      this.at += 1;
      return value / unitFactor(column, unit.text);
    }
    return value;
  }
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

// The column that is called so, or ends so where only one does.
function resolveColumn(name) {
  if (sweep.column.has(name)) return name;
  const lower = name.toLowerCase();
  const ending = sweep.columns.filter((c) => c.key.toLowerCase().endsWith(`.${lower}`) ||
    c.key.toLowerCase() === lower);
  if (ending.length === 1) return ending[0].key;
  if (ending.length > 1) {
    throw new FilterError(`"${name}" may be ${ending.map((c) => c.key).join(" or ")}`);
  }
  throw new FilterError(`no column is called "${name}"`);
}
