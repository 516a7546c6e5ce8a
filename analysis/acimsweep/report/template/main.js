// SPDX-License-Identifier: Apache-2.0
// Unpacks data and library, chooses where to begin, and draws.

function chooseStart() {
  const has = (key) => sweep.objective.has(key);
  const names = sweep.objectives.map((entry) => entry.key);
  const numbers = sweep.varied.filter((column) => column.kind === "number").map((c) => c.key);
  state.y = sweep.metric && has(sweep.metric) ? sweep.metric : names[0] || sweep.columns[0].key;
  state.x = ["tops_per_watt", ...numbers, ...names, ...sweep.columns.map((c) => c.key)].find(
    (key) => key !== state.y && (key !== "tops_per_watt" || has(key))) || state.y;
  state.logX = wantsLog(state.x);
  state.logY = wantsLog(state.y);
  const colours = sweep.varied.filter((column) => column.key !== state.x);
  const last = colours[colours.length - 1];
  state.colour = last ? last.key : null;
  state.selected = sweep.chosen;
}

function failed(problem) {
  const place = byId("failure");
  place.textContent = "This page could not draw itself: " + problem.message +
    (typeof DecompressionStream === "undefined" ? ". It needs a browser of 2023 or later" : "");
  place.hidden = false;
}

async function start() {
  adoptSweep(await unpack("packed-data"));
  const library = document.createElement("script");
  library.textContent = await unpack("packed-library");
  document.head.append(library);
  library.remove();
  if (typeof Plotly === "undefined") throw new Error("the browser refused the plotting library");
  chooseStart();
  setUpFilter();
  setUpScatter();
  setUpPoint();
  setUpCost();
  setUpParallel();
  setUpTable();
  setUpPrint();
  changed("filter", "axes", "colour", "selected", "view");
  document.documentElement.dataset.ready = "1";
}

start().catch((problem) => {
  failed(problem);
  throw problem;
});
