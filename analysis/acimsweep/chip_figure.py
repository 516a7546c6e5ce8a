# SPDX-License-Identifier: Apache-2.0
"""Accuracy from chip to chip, and the yield that it means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from acimsweep import style
from acimsweep.results import Results, ResultsError
from acimsweep.style import plt
from acimsweep.yields import yield_at, yield_curve

_BANDS = 3  # curves beyond which their bands would hide each other


@style.styled
def chip_figure(results: Results, points: Sequence[int] | None = None, spec: float | None = None,
                title: str | None = None) -> Figure:
    """Left: every chip's accuracy [%], a row per point, with the mean and its 95 % interval. Right:
    yield against the specification; with up to three points its 95 % interval as a band.

    points: numbers of the points, by default the first eight that are finished. spec: accuracy that a
    chip has to reach, drawn as a line, with the yield of each point beside its row.
    """
    finished = results.chips["point"].unique()
    chosen = [int(p) for p in (finished[:8] if points is None else points)]
    if not chosen or not set(chosen) <= set(finished):
        raise ResultsError(f"{results.path}: no finished chip at " + (
            "any point" if not chosen else f"point {sorted(set(chosen) - set(finished))[0]}"))
    height = max(3.4, 0.42 * len(chosen) + 1.4)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, height), layout="constrained",
                                         gridspec_kw={"width_ratios": [1.25, 1]})
    yields = None if spec is None else yield_at(results, spec)
    for place, (number, colour) in enumerate(zip(chosen, style.ordered_colours(len(chosen)))):
        point = results.point(number)
        accuracy = 100 * point.chips["accuracy"].to_numpy()
        left.scatter(accuracy, place + _offsets(accuracy), s=14, color=colour, alpha=0.7,
                     linewidths=0, zorder=2)
        row = point.row
        if "accuracy_ci_low" in row and np.isfinite(row["accuracy_ci_low"]):
            ends = 100 * np.array([row["accuracy_ci_low"], row["accuracy_ci_high"]])
            mean = 100 * row["accuracy"]
            left.errorbar(mean, place, xerr=np.abs(ends[:, None] - mean), fmt="|", color="black",
                          markersize=9, elinewidth=1.2, capsize=3, zorder=3)
        curve = yield_curve(point)
        right.plot(100 * curve["spec"], 100 * curve["yield"], color=colour, linewidth=1.3)
        if len(chosen) <= _BANDS:
            right.fill_between(100 * curve["spec"], 100 * curve["low"], 100 * curve["high"],
                               color=colour, alpha=0.12, linewidth=0)
    labels = style.point_labels(results, chosen)
    if yields is not None and spec is not None:
        labels = [f"{label}\nyield {100 * y.loc['yield']:.0f} % ({100 * y['low']:.0f} .. "
                  f"{100 * y['high']:.0f})"
                  for label, (_, y) in zip(labels, yields.loc[chosen].iterrows())]
        for axes in (left, right):
            axes.axvline(100 * spec, color=style.GREY, linestyle="--", linewidth=1, zorder=1)
    left.set_yticks(range(len(chosen)), labels, fontsize=8)
    left.set_ylim(len(chosen) - 0.4, -0.6)
    left.set_xlabel("Top-1 accuracy of a chip [%]\nbar: mean and 95 % interval over chips")
    _accuracy_limits(right, results, chosen, spec)
    right.set_xlabel("Specification: accuracy of a chip [%]")
    right.set_ylabel("Yield [%]" + (", 95 % band" if len(chosen) <= _BANDS else ""))
    right.set_ylim(-3, 103)
    figure.suptitle(title or str(results.attrs.get("title", "")))
    return figure


def _offsets(accuracy: np.ndarray) -> np.ndarray:
    """Moves chips of equal accuracy apart, up and down from the row, within a third of it."""
    offsets = np.zeros(len(accuracy))
    for value in np.unique(accuracy):
        same = np.flatnonzero(accuracy == value)
        step = min(0.12, 0.66 / max(1, len(same) - 1))
        offsets[same] = step * (np.arange(len(same)) - (len(same) - 1) / 2)
    return offsets


def _accuracy_limits(axes, results: Results, chosen: Sequence[int], spec: float | None) -> None:
    chips = results.chips
    values = chips["accuracy"][chips["point"].isin(chosen)]
    low, high = 100 * values.min(), 100 * values.max()
    if spec is not None:
        low, high = min(low, 100 * spec), max(high, 100 * spec)
    margin = max(1.0, 0.08 * (high - low))
    axes.set_xlim(max(0.0, low - margin), min(100.0, high + margin) + 0.2)
