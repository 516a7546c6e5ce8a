// SPDX-License-Identifier: Apache-2.0
// What the reader has chosen. Everything that shows it subscribes with onChange and draws when told
// what changed: "filter", "axes", "colour", "selected" or "view".

const state = {
  filter: () => true,    // of the text box
  brushes: new Map(),    // column key -> [[low, high], ...] in shown units, from the parallel axes
  hide: false,           // points outside vanish instead of turning grey
  selected: null,        // number of a point in the lists of `sweep`
  x: null, y: null, colour: null, logX: false, logY: false,
  passes: [],            // bool by point
  front: null,           // numbers of points, or null
};

const listeners = [];
let pending = new Set();

const onChange = (kinds, draw) => listeners.push({ kinds, draw });

// Draws once for all changes of a task, in the next frame.
function changed(...kinds) {
  const idle = pending.size === 0;
  kinds.forEach((kind) => pending.add(kind));
  if (idle) requestAnimationFrame(flush);
}

function flush() {
  const kinds = pending;
  pending = new Set();
  performance.mark("report-start");
  if (kinds.has("filter")) applyFilter();
  if (kinds.has("filter") || kinds.has("axes")) state.front = chosenFront();
  for (const { kinds: wanted, draw } of listeners) {
    if (wanted.some((kind) => kinds.has(kind))) draw();
  }
  performance.measure("report-update", "report-start");
  const root = document.documentElement;
  root.dataset.updates = String(Number(root.dataset.updates || 0) + 1);
}

function applyFilter() {
  const ranges = [...state.brushes].map(([key, list]) => ({ values: axisValues(key), list }));
  state.passes = Array.from({ length: sweep.count }, (_, point) => state.filter(point) &&
    ranges.every(({ values, list }) => list.some(
      ([low, high]) => values[point] !== null && values[point] >= low && values[point] <= high)));
}

// Points that pass, in their order.
function passing() {
  return state.passes.flatMap((passes, point) => (passes ? [point] : []));
}

function select(point) {
  state.selected = point;
  changed("selected");
}

function setUpFilter() {
  const [box, error] = [byId("filter"), byId("filter-error")];
  const read = () => {
    try {
      state.filter = compileFilter(box.value);
      error.hidden = true;
      box.removeAttribute("aria-invalid");
      changed("filter");
    } catch (problem) {
      if (!(problem instanceof FilterError)) throw problem;
      error.textContent = `Filter: ${problem.message}. Points are shown as before.`;
      error.hidden = false;
      box.setAttribute("aria-invalid", "true");
    }
  };
  box.addEventListener("input", read);
  byId("hide").addEventListener("change", (event) => {
    state.hide = event.target.checked;
    changed("view");
  });
  byId("clear").addEventListener("click", () => {
    box.value = "";
    clearBrushes();
    read();
  });
  onChange(["filter"], () => {
    const count = passing().length;
    byId("count").textContent = `${count.toLocaleString("en")} of ` +
      `${sweep.count.toLocaleString("en")} points`;
  });
}
