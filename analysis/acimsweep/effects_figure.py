# SPDX-License-Identifier: Apache-2.0
"""Main effects of the swept parameters, and their shares of the variance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from acimsweep import style
from acimsweep.main_effects import Sensitivity, sensitivity
from acimsweep.results import Results
from acimsweep.style import plt

_LABELS = {"accuracy": ("Effect on accuracy [%]", 100.0),
           "agreement": ("Effect on agreement [%]", 100.0), "loss": ("Effect on loss [nat]", 1.0)}


@style.styled
def sensitivity_figure(results: Results, of: str = "accuracy", where: str | None = None,
                       title: str | None = None) -> Figure:
    """A bar of shares of the variance, then a panel per parameter: the effect of each level with its
    95 % interval over chips. At most five parameters, those with the largest shares."""
    found = sensitivity(results, of, where)
    names = list(found.shares["parameter"][:5])
    figure, axes = plt.subplots(1, len(names) + 1, figsize=(3.2 + 2.6 * len(names), 3.6),
                                layout="constrained")
    _shares(axes[0], found)
    label, factor = _LABELS.get(of, (f"Effect on {of}", 1.0))
    for place, (panel, name) in enumerate(zip(axes[1:], names)):
        rows = found.effects[found.effects["parameter"] == name]
        _effect(panel, rows, factor)
        panel.set_xlabel(style.parameter_label(name, results.units))
        if place == 0:
            panel.set_ylabel(f"{label},\n95 % interval over chips")
        else:
            panel.sharey(axes[1])
            panel.tick_params(labelleft=False)
    figure.suptitle(title or str(results.attrs.get("title", "")))
    return figure


def _shares(axes: Axes, found: Sensitivity) -> None:
    table = found.shares
    names = [style.short_name(n) for n in table["parameter"]]
    shares = list(100 * table["share"])
    if found.balanced:
        names, shares = [*names, "interactions"], [*shares, 100 * found.interactions]
    places = np.arange(len(names))
    colours = [style.PALETTE[0]] * len(table) + ["#bbbbbb"] * (len(names) - len(table))
    axes.barh(places, shares, color=colours, height=0.6)
    for place, share in zip(places, shares):
        axes.text(share + 1.5, place, f"{share:.0f} %", va="center", fontsize=8)
    axes.set_yticks(places, names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, max(10.0, 1.25 * max(shares)))
    axes.set_xlabel("Share of the variance [%]")
    axes.grid(axis="y", visible=False)


def _effect(axes: Axes, rows: pd.DataFrame, factor: float) -> None:
    numbers = pd.api.types.is_numeric_dtype(rows["level"].infer_objects())
    rows = rows.sort_values("level") if numbers else rows
    places = rows["level"].to_numpy(float) if numbers else np.arange(len(rows))
    effect = factor * rows["effect"].to_numpy()
    ends = factor * rows[["low", "high"]].to_numpy().T
    bars = np.clip(np.nan_to_num([effect - ends[0], ends[1] - effect]), 0, None)
    axes.errorbar(places, effect, yerr=bars, fmt="o", linestyle="-" if numbers else "none",
                  color=style.PALETTE[0], markersize=5, linewidth=1.2, capsize=2)
    axes.axhline(0.0, color=style.GREY, linewidth=0.8)
    if not numbers:
        axes.set_xticks(places, [str(v) for v in rows["level"]], fontsize=8,
                        rotation=30 if len(rows) > 4 else 0)
    elif len(rows) <= 6 and (np.diff(places) > 0.18 * np.ptp(places)).all():
        axes.set_xticks(places, [style.value_text(v) for v in places])
