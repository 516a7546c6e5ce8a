# SPDX-License-Identifier: Apache-2.0
"""How exactly each layer computes: compute signal-to-noise ratio along the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from acimsweep import style
from acimsweep.results import Results, ResultsError
from acimsweep.style import plt

_MANY = 40


def layer_snr(results: Results, points: Sequence[int] | None = None) -> pd.DataFrame:
    """One row per (point, analog layer): point, layer, csnr and sqnr [dB].

    csnr: variance of the exact integer products over the variance of their errors, from all sources;
    infinite without error. sqnr: the same over the errors of the same layer at the deterministic
    point of the sweep that shares all but the noise with this one; such a point has the errors of
    quantisation (ADC, clipping) alone. It is csnr itself at a deterministic point, else NaN where no
    single point is known to be its partner.
    Raises ResultsError where the file has no layers, as a live run directory.
    """
    if results.layers.empty:
        raise ResultsError(f"{results.path}: no layers here. acimsweep merge writes them")
    table = results.layers
    table = table[table["path"] != "digital"]
    if points is not None:
        table = table[table["point"].isin(list(points))]
    found = table[["point", "layer", "csnr"]].copy()
    partner = _noise_free_partner(results)
    key = results.layers.set_index(["point", "layer"])["csnr"]
    found["sqnr"] = [key.get((partner.get(p, -1), name), np.nan)
                     for p, name in zip(found["point"], found["layer"])]
    return found.reset_index(drop=True)


def _noise_free_partner(results: Results) -> dict[int, int]:
    """The deterministic point that differs from a point in swept noise keys alone."""
    table = results.points
    if "deterministic" not in table:
        return {}
    others = [n for n in results.parameters if ".noise." not in n]
    keys = [tuple(row) for row in table[others].itertuples(index=False, name=None)]
    exact: dict[Any, list[int]] = {}
    for key, number, fixed in zip(keys, table.index, table["deterministic"]):
        if fixed == 1:
            exact.setdefault(key, []).append(number)
    partner = {number: numbers[0] for key, number in zip(keys, table.index)
               if len(numbers := exact.get(key, [])) == 1}
    return partner | {n: n for numbers in exact.values() for n in numbers}


@style.styled
def layer_figure(results: Results, points: Sequence[int] | None = None,
                 title: str | None = None) -> Figure:
    """CSNR [dB] of each analog layer in the order of the network, one line per point.

    points: numbers of the points, by default up to six spread over all that are finished. A dashed
    line of the same colour is the SQNR, what is left without noise. Layers without any error stand
    at the upper edge, as arrows.
    """
    table = layer_snr(results)
    table = table[table["csnr"].notna()]
    chosen = list(points) if points is not None else _spread_out(table["point"].unique())
    table = table[table["point"].isin(chosen)]
    if table.empty:
        raise ResultsError(f"{results.path}: no analog layer of these points is finished")
    names = list(dict.fromkeys(table["layer"]))
    width = min(12.0, max(5.2, 0.32 * len(names) + 3.2)) + 1.6
    figure, axes = plt.subplots(figsize=(width, 4.0), layout="constrained")
    top = table[["csnr", "sqnr"]].replace(np.inf, np.nan).max().max()
    top = 60.0 if np.isnan(top) else top + 3.0
    labels, dashed = style.point_labels(results, chosen), False
    for i, (number, colour) in enumerate(zip(chosen, style.ordered_colours(len(chosen)))):
        rows = table[table["point"] == number].set_index("layer").reindex(names)
        x, y = np.arange(len(names)), rows["csnr"].to_numpy()
        marker = style.MARKERS[i % len(style.MARKERS)]
        axes.plot(x, np.where(np.isinf(y), np.nan, y), marker=marker, color=colour, markersize=5,
                  linewidth=1.2, label=labels[i])
        axes.plot(x[np.isinf(y)], np.full(np.isinf(y).sum(), top), marker=r"$\uparrow$",
                  linestyle="none", color=colour, markersize=8)
        quantised = rows["sqnr"].to_numpy()
        if np.isfinite(quantised).any() and not np.array_equal(quantised, y, equal_nan=True):
            dashed = True
            axes.plot(x, np.where(np.isinf(quantised), np.nan, quantised), color=colour,
                      linewidth=1.0, linestyle="--", alpha=0.7)
    axes.set_xticks(np.arange(len(names)) if len(names) <= _MANY else [])
    axes.set_xticklabels(names if len(names) <= _MANY else [], rotation=45 if len(names) > 6 else 0,
                         ha="right" if len(names) > 6 else "center", fontsize=8)
    axes.set_xlabel("Analog layer, in the order of the network")
    axes.set_ylabel("CSNR [dB]" + (", dashed: SQNR without noise" if dashed else ""))
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.02), borderaxespad=0.0)
    axes.set_title(title or str(results.attrs.get("title", "")))
    return figure


def _spread_out(numbers: np.ndarray, count: int = 6) -> list[int]:
    places = np.unique(np.linspace(0, len(numbers) - 1, min(count, len(numbers))).round().astype(int))
    return [int(numbers[place]) for place in places]
