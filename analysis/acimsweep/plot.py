# SPDX-License-Identifier: Apache-2.0
"""Figures of a sweep: accuracy against TOPS/W, and against ADC bits by noise."""

from __future__ import annotations

import os

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from acimsweep.pareto import ACCURACY, CI_HIGH, CI_LOW, EFFICIENCY, front_table  # noqa: E402
from acimsweep.reader import Results  # noqa: E402

BITS = "macro.adc.bits"
SIGMA = "macro.noise.random.sigma"
BASELINE = "baseline_accuracy"

_MARKERS = "osD^vPX<>*"
_GREY = "#595959"
_STYLE = {
    "font.size": 10,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e0e0e0",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.hashsalt": "acimsweep",
}


def save_pareto_figure(
    results: Results, path: str | os.PathLike[str], title: str | None = None
) -> None:
    """Writes the figure of `pareto_figure`; the suffix of the path chooses the format.

    The same results give the same bytes with the same matplotlib. Raises OSError.
    """
    with plt.rc_context(_STYLE):
        figure = pareto_figure(results, title)
        try:
            metadata = {"Date": None} if os.fspath(path).endswith(".svg") else None
            figure.savefig(path, dpi=150, metadata=metadata)
        finally:
            plt.close(figure)


def pareto_figure(results: Results, title: str | None = None) -> Figure:
    """Accuracy against TOPS/W; with swept ADC bits a second panel, accuracy against bits."""
    both = has_bits_axis(results)
    width = 11.0 if both else 6.5
    figure, axes = plt.subplots(
        1, 2 if both else 1, figsize=(width, 4.4), squeeze=False, sharey=both, layout="constrained"
    )
    plot_accuracy_efficiency(axes[0][0], results)
    if both:
        plot_accuracy_bits(axes[0][1], results)
        axes[0][1].set_ylabel("")
        axes[0][1].tick_params(labelleft=True)
    figure.suptitle(title or str(results.attrs.get("title", "")))
    return figure


def has_bits_axis(results: Results) -> bool:
    """True where the sweep varies the ADC bits, so that accuracy against bits is a curve."""
    return BITS in results.parameters and results.points[BITS].nunique() > 1


def plot_accuracy_efficiency(axes: Axes, results: Results) -> None:
    """All points with 95 % intervals [%] against TOPS/W; the Pareto front as a stepped line."""
    table = front_table(results)
    for label, marker, colour, rows in _series(table, results):
        _error_bars(axes, rows[EFFICIENCY], rows, marker, colour, label, "none")
    front = table[table["on_front"]].sort_values(EFFICIENCY)
    axes.step(
        front[EFFICIENCY],
        100 * front[ACCURACY],
        where="pre",
        color="black",
        linewidth=1.2,
        zorder=1,
        label="Pareto front",
    )
    _annotate_bits(axes, front)
    _baseline(axes, results)
    positive = table[EFFICIENCY] > 0
    if positive.all() and table[EFFICIENCY].max() > 10 * table[EFFICIENCY].min():
        axes.set_xscale("log")
    axes.set_xlabel("Energy efficiency [TOPS/W, native bits]")
    axes.set_ylabel("Top-1 accuracy [%], 95 % interval over chips")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title=_series_title(table, results))


def plot_accuracy_bits(axes: Axes, results: Results) -> None:
    """Accuracy [%] against ADC bits, one line per noise sigma.

    Other swept parameters stay at their first value, which the title of the panel names.
    """
    table, fixed = _first_of_others(results)
    for label, marker, colour, rows in _series(table, results):
        rows = rows.sort_values(BITS)
        _error_bars(axes, rows[BITS], rows, marker, colour, label, "-")
    _baseline(axes, results)
    axes.set_xticks(sorted(table[BITS].unique()))
    axes.set_xlabel("ADC resolution [bit]")
    axes.set_ylabel("Top-1 accuracy [%], 95 % interval over chips")
    if fixed:
        axes.set_title(", ".join(f"{_short(k)} = {v:g}" if isinstance(v, float)
                                 else f"{_short(k)} = {v}" for k, v in fixed.items()),
                       fontsize=9, color=_GREY)


def _series(table: pd.DataFrame, results: Results):
    """Yields (label, marker, colour, rows) per noise sigma, or once for all points."""
    if SIGMA not in results.parameters:
        yield "design points", _MARKERS[0], "#0072b2", table
        return
    # Viridis without its pale end: ordered in lightness, so it reads without colour too.
    values = sorted(table[SIGMA].dropna().unique())
    colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.85, max(2, len(values))))
    for i, value in enumerate(values):
        rows = table[table[SIGMA] == value]
        yield f"{value:g}", _MARKERS[i % len(_MARKERS)], colours[i], rows


def _series_title(table: pd.DataFrame, results: Results) -> str | None:
    if SIGMA not in results.parameters:
        return None
    unit = results.units.get(SIGMA, "")
    names = {"lsb": "LSB", "percent_fs": "% FS"}
    return f"Noise sigma [{names.get(unit, unit)}]" if unit not in ("", "1") else "Noise sigma"


def _error_bars(axes, x, rows, marker, colour, label, line) -> None:
    """Markers at the accuracy [%]; no bar where the interval is NaN (one chip)."""
    y = 100 * rows[ACCURACY].to_numpy()
    bars = None
    if CI_LOW in rows and CI_HIGH in rows:
        below = y - 100 * rows[CI_LOW].to_numpy()
        above = 100 * rows[CI_HIGH].to_numpy() - y
        bars = np.clip(np.nan_to_num([below, above]), 0, None)
    axes.errorbar(
        x,
        y,
        yerr=bars,
        fmt=marker,
        linestyle=line,
        color=colour,
        markersize=5,
        linewidth=1.2,
        elinewidth=0.9,
        capsize=2,
        label=label,
    )


def _annotate_bits(axes: Axes, front: pd.DataFrame) -> None:
    """Writes the ADC bits beside the points of the front, if they are few enough to read."""
    if BITS not in front or len(front) > 12:
        return
    for efficiency, accuracy, bits in zip(front[EFFICIENCY], front[ACCURACY], front[BITS]):
        axes.annotate(
            f"{bits:g} b",
            (efficiency, 100 * accuracy),
            xytext=(5, 5),
            textcoords="offset points",
            fontsize=8,
            color=_GREY,
        )


def _baseline(axes: Axes, results: Results) -> None:
    if BASELINE not in results.points:
        return
    value = results.points[BASELINE].max()
    if np.isfinite(value):
        axes.axhline(100 * value, color=_GREY, linestyle="--", linewidth=1, label="digital")


def _first_of_others(results: Results) -> tuple[pd.DataFrame, dict[str, object]]:
    table = results.points[results.points[ACCURACY].notna()]
    fixed: dict[str, object] = {}
    for name in results.parameters:
        if name in (BITS, SIGMA) or table[name].nunique() < 2:
            continue
        fixed[name] = table[name].iloc[0]
        table = table[table[name] == fixed[name]]
    return table, fixed


def _short(path: str) -> str:
    return path.removeprefix("macro.")
