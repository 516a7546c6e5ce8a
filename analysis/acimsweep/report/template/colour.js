// SPDX-License-Identifier: Apache-2.0
// Colours that stay apart for colour-blind eyes and in grey: Okabe and Ito's set for names, Viridis
// without its pale end for numbers, ordered in lightness, with markers of other shapes beside them.

const okabeIto = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5b5b5b",
  "#b8a400"];
const viridis = ["#440154", "#482979", "#3d4d8a", "#2f6c8e", "#23888e", "#20a486", "#44bf70",
  "#86d549"];
const symbols = ["circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "star",
  "cross"];
const grey = "#bcc4cc";
const ink = "#1b2631";

// How points are coloured: {kind: "groups", groups: [{label, colour, symbol, points}]} for at
// most eight values, {kind: "scale", values} for more numbers, all by the column `key`.
function colouring(key, points) {
  const column = key && sweep.column.get(key);
  if (!column) return { kind: "groups", groups: [group("points", 0, points, okabeIto)] };
  const values = valuesOf(key);
  const known = distinct(key);
  if (isNumeric(key) && known.length > viridis.length) {
    return { kind: "scale", column, values: values.map((value) => shown(column, value)) };
  }
  const palette = isNumeric(key) ? spread(viridis, known.length) : okabeIto;
  const first = known.slice(0, known.length > palette.length ? palette.length - 1 : undefined);
  const groups = first.map((value, i) => group(
    isNumeric(key) ? numberText(value, column) : value, i,
    points.filter((point) => values[point] === value), palette));
  const rest = points.filter((point) => !first.includes(values[point]));
  if (rest.length) groups.push({ label: "other", colour: "#5b5b5b", symbol: "x", points: rest });
  return { kind: "groups", groups };
}

// A list of colours as a scale of plotly's.
const scaleOf = (colours) => colours.map((colour, i) => [i / (colours.length - 1), colour]);

function group(label, i, points, palette) {
  return { label, colour: palette[i], symbol: symbols[i % symbols.length], points };
}

// `count` colours of a list, ends included.
function spread(list, count) {
  if (count < 2) return list.slice(1, 2);
  return Array.from({ length: count },
    (_, i) => list[Math.round(i * (list.length - 1) / (count - 1))]);
}
