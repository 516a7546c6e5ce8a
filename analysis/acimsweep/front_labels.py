# SPDX-License-Identifier: Apache-2.0
"""Labels beside the points of a front, placed so that they lie on nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cbook import STEP_LOOKUP_MAP
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from acimsweep import style

MOST = 24  # labels of a panel: more cannot be read
_SIZE = 8  # points
_GAP = 2.0  # pixels between a label and what it must not touch
_FAR = 14.0  # points from which on a line leads to the label
_LABEL, _MARKER, _LINE = 100.0, 4.0, 0.6  # costs of lying on something
_MOST_COST = 7.0  # a label that costs more is left out
_DISTANCE = 0.07  # cost of a point of distance
_CROSSED, _LEADER = 1.5, 0.8  # costs of a marker under the line to a label, of that line under a label


@dataclass(frozen=True)
class Label:
    """Text for a point of the data, [x, y] in the units of the axes."""

    text: str
    x: float
    y: float


@dataclass(frozen=True)
class _Place:
    """Offset of the text's anchor from the point [points], and where the anchor is in the text."""

    dx: float
    dy: float
    ha: str
    va: str

    @property
    def distance(self) -> float:
        """Of the anchor from the point [points]."""
        return float(np.hypot(self.dx, self.dy))


def place_labels(figure: Figure, panels: Iterable[tuple[Axes, list[Label], np.ndarray]]) -> None:
    """Writes the labels of each panel where they overlap no other, and few points and lines; one that
    finds no such place is left out. markers: [n, 2], all points of the panel in the units of the axes.

    Draws the figure once, because only then it is known where everything lies.
    """
    chosen = [(axes, labels, markers) for axes, labels, markers in panels if 0 < len(labels) <= MOST]
    if not chosen:
        return
    figure.draw_without_rendering()
    for axes, labels, markers in chosen:
        _place_panel(axes, labels, markers)


def _place_panel(axes: Axes, labels: list[Label], markers: np.ndarray) -> None:
    scale = axes.figure.dpi / 72.0
    points = axes.transData.transform(markers)
    radius = 3.5 * scale
    boxes = [np.hstack([points - radius, points + radius]), _line_boxes(axes)]
    costs = [np.full(len(boxes[0]), _MARKER), np.full(len(boxes[1]), _LINE)]
    for label in sorted(labels, key=lambda one: (one.x, one.y, one.text)):
        at = axes.transData.transform((label.x, label.y))
        size = _extent(axes, label.text)
        known, known_costs = np.vstack(boxes), np.concatenate(costs)
        written = np.vstack([np.zeros((0, 4)), *boxes[2::2]])

        def cost(place: _Place) -> float:
            return (_cost(axes, _box(at, place, size, scale), known, known_costs)
                    + _DISTANCE * place.distance
                    + _crossed(at, place, points, radius, written, scale))

        best = min(_PLACES, key=cost)
        if cost(best) >= _MOST_COST:
            continue
        _write(axes, label, best)
        leader = _leader(at, best, scale)
        boxes += [_box(at, best, size, scale)[None], np.hstack([leader, leader])]
        costs += [np.array([_LABEL]), np.full(len(leader), _LEADER)]


def _places() -> list[_Place]:
    """Near ones first, to the right before to the left."""
    places = []
    for reach in (5.0, 10.0, 17.0, 26.0, 38.0, 52.0):
        side = 1.4 * reach
        places += [_Place(reach, reach, "left", "bottom"), _Place(reach, -reach, "left", "top"),
                   _Place(-reach, reach, "right", "bottom"), _Place(-reach, -reach, "right", "top"),
                   _Place(side, 0.0, "left", "center"), _Place(-side, 0.0, "right", "center"),
                   _Place(0.0, side, "center", "bottom"), _Place(0.0, -side, "center", "top")]
    return places


_PLACES = _places()


def _write(axes: Axes, label: Label, place: _Place) -> None:
    leader = {"arrowstyle": "-", "color": style.GREY, "linewidth": 0.5, "shrinkA": 1, "shrinkB": 3}
    text = axes.annotate(label.text, (label.x, label.y), xytext=(place.dx, place.dy),
                         textcoords="offset points", ha=place.ha, va=place.va, fontsize=_SIZE,
                         color=style.GREY, zorder=6,
                         arrowprops=leader if place.distance > _FAR else None)
    text.set_in_layout(False)
    text.set_path_effects([withStroke(linewidth=2.0, foreground="white")])


def _extent(axes: Axes, text: str) -> tuple[float, float]:
    """Width and height of a text [pixels]."""
    probe = axes.text(0, 0, text, fontsize=_SIZE)
    box = probe.get_window_extent()
    probe.remove()
    return box.width, box.height


def _box(at: np.ndarray, place: _Place, size: tuple[float, float], scale: float) -> np.ndarray:
    """Left, bottom, right and top of the text [pixels]."""
    x, y = at[0] + scale * place.dx, at[1] + scale * place.dy
    left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[place.ha] * size[0]
    bottom = y - {"bottom": 0.0, "center": 0.5, "top": 1.0}[place.va] * size[1]
    return np.array([left, bottom, left + size[0], bottom + size[1]])


def _cost(axes: Axes, box: np.ndarray, boxes: np.ndarray, costs: np.ndarray) -> float:
    frame = axes.bbox
    if box[0] < frame.x0 or box[1] < frame.y0 or box[2] > frame.x1 or box[3] > frame.y1:
        return 2 * _LABEL
    meets = ((boxes[:, 0] < box[2] + _GAP) & (boxes[:, 2] > box[0] - _GAP)
             & (boxes[:, 1] < box[3] + _GAP) & (boxes[:, 3] > box[1] - _GAP))
    # A label on a label is out of the question; the rest counts, but never as much.
    rest = costs[meets & (costs < _LABEL)].sum()
    return float(min(rest, _LABEL - 20) + _LABEL * (meets & (costs >= _LABEL)).any())


def _leader(at: np.ndarray, place: _Place, scale: float) -> np.ndarray:
    """Places [n, 2] along the line to a far label, none to a near one [pixels]."""
    steps = np.linspace(0.15, 0.95, 9) if place.distance > _FAR else np.zeros(0)
    return at + steps[:, None] * scale * np.array([place.dx, place.dy])


def _crossed(at: np.ndarray, place: _Place, points: np.ndarray, radius: float, labels: np.ndarray,
             scale: float) -> float:
    """Cost of the markers, but for its own, and labels that the line to a far label crosses."""
    way = _leader(at, place, scale)
    others = points[np.hypot(*(points - at).T) > 1.0]
    near = np.hypot(*(others[:, None] - way).transpose(2, 0, 1)) < radius + 2.0
    inside = ((labels[:, None, :2] < way) & (way < labels[:, None, 2:])).all(axis=2)
    return _CROSSED * (near.any(axis=1).sum() + 2 * inside.any(axis=1).sum())


def _line_boxes(axes: Axes) -> np.ndarray:
    """Boxes [n, 4] around the pieces of the axes' lines, steps and bars among them [pixels]."""
    pieces = []
    for line in axes.get_lines():
        if line.get_linestyle() == "None":
            continue
        steps = STEP_LOOKUP_MAP[line.get_drawstyle()](*line.get_data())
        pieces.append(_segments(line.get_transform().transform(np.column_stack(steps))))
    for bars in axes.collections:
        if hasattr(bars, "get_segments"):
            pieces += [_segments(axes.transData.transform(s)) for s in bars.get_segments()]
    found = [p for p in pieces if len(p)]
    return np.vstack(found) if found else np.zeros((0, 4))


def _segments(path: np.ndarray) -> np.ndarray:
    if len(path) < 2:
        return np.zeros((0, 4))
    low, high = np.minimum(path[:-1], path[1:]), np.maximum(path[:-1], path[1:])
    boxes = np.hstack([low, high])
    return boxes[np.isfinite(boxes).all(axis=1)]
