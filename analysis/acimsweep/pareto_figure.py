# SPDX-License-Identifier: Apache-2.0
"""The figure of `acimsweep pareto`: objectives against each other, with how sure the front is."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from acimsweep import style
from acimsweep.accuracy_figure import SIGMA, has_bits_axis, plot_accuracy_bits
from acimsweep.design_front import ON_FRONT, PROBABILITY, DesignFront
from acimsweep.front_labels import Label, place_labels
from acimsweep.objectives import Objective
from acimsweep.point_looks import Looks, looks_of, short_text
from acimsweep.style import plt

_CROWD = 150  # from here on markers are smaller, and only probable members have intervals
_LIKELY = 0.02
_LEGEND_LINE = 0.172  # inches


def save_pareto_figure(
    found: DesignFront, path: str | os.PathLike[str], title: str | None = None
) -> None:
    """Writes the figure of `pareto_figure`; the suffix of the path chooses the format.

    The same results give the same bytes with the same matplotlib. Raises OSError.
    """
    style.save_figure(pareto_figure(found, title), path)


@style.styled
def pareto_figure(found: DesignFront, title: str | None = None) -> Figure:
    """First objective against the second, and against the third in a panel beside it.

    With two objectives and swept ADC bits the panel beside shows the accuracy against the bits.
    Markers are filled by the probability of being on the front. Colours and shapes tell two parameters
    apart, labels at the points of the front name all.
    """
    first, *others = found.objectives
    looks = looks_of(found)
    bits = (len(others) == 1 and first.name == "accuracy" and has_bits_axis(found.table)
            and looks.colour_key in (SIGMA, None))
    panels = len(others) + bits
    figure, axes = plt.subplots(1, panels, figsize=(4.4 * panels + 2.2, 4.4), squeeze=False,
                                sharey=True, layout="constrained")
    for place, other in zip(axes[0], others):
        plot_objectives(place, found, looks, other, first)
    if bits:
        plot_accuracy_bits(axes[0][-1], found.results, found.table, looks.markers)
    axes[0][0].set_ylabel(_axis_label(first, found))
    lines = _legend(axes[0][-1], found, looks)
    figure.set_figheight(max(4.4, _LEGEND_LINE * lines + 0.7))
    figure.suptitle(title or str(found.results.attrs.get("title", "")))
    place_labels(figure, [(place, *_labels(found, other, first))
                          for place, other in zip(axes[0], others)])
    return figure


def plot_objectives(axes: Axes, found: DesignFront, looks: Looks, x: Objective, y: Objective) -> None:
    """The compared points with their 95 % intervals; with two objectives the front as steps."""
    crowd = len(found.table) > _CROWD
    for marker, colour, rows in looks.series(found.table):
        _markers(axes, rows, x, y, marker, colour, crowd)
    if len(found.objectives) == 2:
        for (value, rows), colour in zip(found.groups(), _front_colours(found)):
            front = rows[rows[ON_FRONT]].sort_values(x.column)
            axes.step(x.shown(front[x.column]), y.shown(front[y.column]), color=colour,
                      where="pre" if x.maximise else "post", linewidth=1.2, zorder=1)
    _scale(axes, x.shown(found.table[x.column]))
    axes.margins(x=0.09)  # labels of the best points find room
    axes.set_xlabel(_axis_label(x, found))


def _markers(axes: Axes, rows: pd.DataFrame, x: Objective, y: Objective, marker: str, colour: Any,
             crowd: bool) -> None:
    """Fill: probability of being on the front; a cross in a marker whose probability is unknown."""
    probability = rows[PROBABILITY].to_numpy()
    px, py = x.shown(rows[x.column]), y.shown(rows[y.column])
    barred = ~(probability < _LIKELY) if crowd else np.ones(len(rows), bool)
    for objective, axis in ((x, "xerr"), (y, "yerr")):
        interval = objective.interval(rows)
        if interval is None:
            continue
        ends = [objective.shown(end) for end in interval]
        middle = px if axis == "xerr" else py
        bars = np.clip(np.nan_to_num([middle - ends[0], ends[1] - middle]), 0, None)
        axes.errorbar(px[barred], py[barred], **{axis: bars[:, barred]}, fmt="none", ecolor=colour,
                      elinewidth=0.9, capsize=0 if crowd else 2, alpha=0.55, zorder=2)
    size = 14 if crowd else 34
    faces = [to_rgba(colour, 0.0 if np.isnan(p) else p) for p in probability]
    axes.scatter(px, py, s=size, marker=marker, facecolors="white", edgecolors="none", zorder=3)
    edge = [to_rgba(colour, 0.45 if crowd and p < _LIKELY else 1.0) for p in probability]
    axes.scatter(px, py, s=size, marker=marker, facecolors=faces, edgecolors=edge,
                 linewidths=0.8 if crowd else 1.1, zorder=4)
    unknown = np.isnan(probability)
    if unknown.any():
        axes.scatter(px[unknown], py[unknown], s=size / 2, marker="x", color=colour,
                     linewidths=0.8, zorder=5)


def _front_colours(found: DesignFront) -> list[Any]:
    if found.group_by is None:
        return ["black"]
    return style.series_colours([value for value, _ in found.groups()])


def _legend(axes: Axes, found: DesignFront, looks: Looks) -> int:
    """Colours, shapes, fills and lines, beside the last panel; gives the number of its lines."""
    handles = _look_handles(found, looks)
    handles.append(_heading("Probability of being\non the front"))
    for share, label in ((0.0, "0"), (0.5, "0.5"), (1.0, "1")):
        handles.append(_handle("o", style.GREY, label, to_rgba(style.GREY, share)))
    if found.table[PROBABILITY].isna().any():
        handles.append(Line2D([], [], linestyle="none", marker="x", markersize=4,
                              color=style.GREY, label="unknown (one chip)"))
    handles.append(_heading(""))
    if len(found.objectives) == 2:
        handles.append(Line2D([], [], color="black" if found.group_by is None else style.GREY,
                              linewidth=1.2, label="Pareto front"))
    handles += [line for line in axes.get_lines() if line.get_label() == "digital"]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.02), borderaxespad=0.0,
                handlelength=1.6, labelspacing=0.35)
    return sum(1 + handle.get_label().count("\n") for handle in handles)


def _look_handles(found: DesignFront, looks: Looks) -> list[Any]:
    """What colours and shapes mean: together where one parameter has both."""
    if looks.colour_key is None:
        return [_handle(style.MARKERS[0], style.PALETTE[0], "design point")]
    units = found.results.units
    together = looks.shape_key == looks.colour_key
    handles = [_heading(style.parameter_label(looks.colour_key, units))]
    handles += [_handle(looks.shapes[value] if together else "o", colour, style.value_text(value))
                for value, colour in looks.colours.items()]
    if not together and looks.shape_key is not None:
        handles.append(_heading(style.parameter_label(looks.shape_key, units)))
        handles += [_handle(marker, style.GREY, style.value_text(value), "none")
                    for value, marker in looks.shapes.items()]
    return handles


def _handle(marker: str, colour: Any, label: str, face: Any = None) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, markersize=6, color=colour, label=label,
                  markeredgecolor=colour, markerfacecolor=colour if face is None else face)


def _heading(text: str) -> Line2D:
    return Line2D([], [], linestyle="none", label=text)


def _axis_label(objective: Objective, found: DesignFront) -> str:
    interval = objective.interval(found.table)
    if interval is None or np.isnan(interval[0]).all():
        return objective.axis_label
    gap = "\n" if len(objective.axis_label) > 20 else " "
    return f"{objective.axis_label},{gap}95 % interval over chips"


def _labels(found: DesignFront, x: Objective, y: Objective) -> tuple[list[Label], np.ndarray]:
    """A label for each place on the front, and where all points are: [n, 2]."""
    table = found.table
    places = np.column_stack([x.shown(table[x.column]), y.shown(table[y.column])])
    front = pd.DataFrame(places, table.index, ["x", "y"])[table[ON_FRONT]]
    labels = [Label(short_text(found, table.loc[rows.index]), *at)
              for at, rows in front.groupby(["x", "y"])]
    return [label for label in labels if label.text], places


def _scale(axes: Axes, values: np.ndarray) -> None:
    """Logarithmic where the values are positive and span more than a decade."""
    if (values > 0).all() and values.max() > 10 * values.min():
        axes.set_xscale("log")
    elif (values > 0).all() and values.max() > 4 * values.min():
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5))  # long numbers find room
