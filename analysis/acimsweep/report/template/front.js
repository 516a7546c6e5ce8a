// SPDX-License-Identifier: Apache-2.0
// The Pareto front of two objectives. The rule is that of the program: a point is on the front if
// no other is at least as good in both and better in one; equal points stay together.

// x, y: numbers or null by point; signs: +1 where more is better, -1 where less is. Returns the
// members of `points` that are on the front, by rising x.
function paretoFront(points, x, y, xSign, ySign) {
  const known = points.filter((i) => x[i] !== null && y[i] !== null);
  const order = known.sort((a, b) => xSign * (x[b] - x[a]) || ySign * (y[b] - y[a]) || a - b);
  const front = [];
  let best = -Infinity;
  let at = null;
  for (const i of order) {
    const value = ySign * y[i];
    if (value > best || (value === best && at !== null && x[i] === x[at])) {
      front.push(i);
      best = value;
      at = i;
    }
  }
  return front.sort((a, b) => x[a] - x[b] || y[a] - y[b] || a - b);
}

// The front of the chosen axes among the points that pass the filter; null where one of the axes
// has no better side, as a parameter.
function chosenFront() {
  const [x, y] = [sweep.objective.get(state.x), sweep.objective.get(state.y)];
  if (!x || !y || x === y) return null;
  const sign = (objective) => (objective.better === "max" ? 1 : -1);
  return paretoFront(passing(), valuesOf(x.key), valuesOf(y.key), sign(x), sign(y));
}
