# SPDX-License-Identifier: Apache-2.0
"""Accuracy against ADC bits, one line for each noise sigma."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from acimsweep import style
from acimsweep.results import Results

ACCURACY, CI_LOW, CI_HIGH = "accuracy", "accuracy_ci_low", "accuracy_ci_high"
BITS, SIGMA = "macro.adc.bits", "macro.noise.random.sigma"
BASELINE = "baseline_accuracy"


def has_bits_axis(table: pd.DataFrame) -> bool:
    """True where the ADC bits vary, so that accuracy against bits is a curve."""
    return BITS in table and table[BITS].nunique() > 1


def plot_accuracy_bits(axes: Axes, results: Results, table: pd.DataFrame,
                       markers: Callable[[pd.DataFrame], list[str]]) -> None:
    """Accuracy [%] with its 95 % interval against ADC bits, one line per noise sigma.

    table: rows of Results.points to show; markers: gives each row its own. Other swept parameters stay at their first value, which the
    title of the panel names.
    """
    rows, fixed = _first_of_others(results, table[table[ACCURACY].notna()])
    values = sorted(rows[SIGMA].dropna().unique()) if SIGMA in rows else [None]
    for value, colour in zip(values, style.series_colours(values)):
        series = rows if value is None else rows[rows[SIGMA] == value]
        label = "accuracy" if value is None else style.value_text(value)
        series = series.sort_values(BITS)
        plot_accuracy(axes, series, BITS, markers(series), colour, label)
    plot_baseline(axes, rows)
    axes.set_xticks(sorted(rows[BITS].unique()))
    axes.set_xlabel("ADC resolution [bit]")
    if fixed:
        axes.set_title(", ".join(f"{style.short_name(k)} = {style.value_text(v)}"
                                 for k, v in fixed.items()), fontsize=9, color=style.GREY)


def plot_accuracy(axes: Axes, rows: pd.DataFrame, x: str, markers: list[str], colour: object,
                  label: str) -> None:
    """A line of accuracies [%] against a column, with a marker for each row; no bar where the interval
    is NaN (one chip)."""
    y = 100 * rows[ACCURACY].to_numpy()
    bars = None
    if CI_LOW in rows and CI_HIGH in rows:
        ends = 100 * rows[[CI_LOW, CI_HIGH]].to_numpy().T
        bars = np.clip(np.nan_to_num([y - ends[0], ends[1] - y]), 0, None)
    axes.errorbar(rows[x], y, yerr=bars, fmt="-", color=colour, linewidth=1.2, elinewidth=0.9,
                  capsize=2, label=label)
    for marker in dict.fromkeys(markers):
        of_it = np.array([m == marker for m in markers])
        axes.plot(rows[x][of_it], y[of_it], marker, color=colour, markersize=5)


def plot_baseline(axes: Axes, rows: pd.DataFrame) -> None:
    """The accuracy of the noise-free quantised network as a dashed line, labelled `digital`."""
    value = rows[BASELINE].max() if BASELINE in rows else np.nan
    if np.isfinite(value):
        axes.axhline(100 * value, color=style.GREY, linestyle="--", linewidth=1, label="digital")


def _first_of_others(results: Results,
                     table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, object]]:
    fixed: dict[str, object] = {}
    for name in results.parameters:
        if name in (BITS, SIGMA) or table[name].nunique() < 2:
            continue
        fixed[name] = table[name].iloc[0]
        table = table[table[name] == fixed[name]]
    return table, fixed
