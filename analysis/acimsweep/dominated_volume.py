# SPDX-License-Identifier: Apache-2.0
"""Hypervolume: how much of the space between a reference and the ideal a front dominates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from acimsweep.front import pareto_front


@dataclass(frozen=True)
class Hypervolume:
    """Volume that the front dominates down to the reference, in the product of the units.

    normalised: as a part of the box from the reference to the best value of each objective among all
    compared points, from 0 to 1; NaN where the box is flat. reference: a value for each objective.
    """

    volume: float
    normalised: float
    reference: tuple[float, ...]


def hypervolume(values: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Exact volume of what 1, 2 or 3 objectives dominate, each the larger the better.

    values: [points, objectives]; reference: [objectives]. Points that are not better than the
    reference in every objective add nothing, nor do those with a NaN. ValueError for more objectives.
    """
    table, low = np.asarray(values, float), np.asarray(reference, float)
    if table.ndim != 2 or low.shape != table.shape[1:] or not 1 <= table.shape[1] <= 3:
        raise ValueError(f"values {table.shape} and reference {low.shape}: need [points, n] and "
                         "[n] with n from 1 to 3")
    table = table[pareto_front(table)] - low
    table = table[(table > 0).all(axis=1)]
    if len(table) == 0:
        return 0.0
    if table.shape[1] == 1:
        return float(table.max())
    return _area(table) if table.shape[1] == 2 else _volume(table)


def _area(front: np.ndarray) -> float:
    """Under the staircase of points [n, 2] above the origin."""
    front = front[np.argsort(-front[:, 0], kind="stable")]
    height = np.r_[0.0, np.maximum.accumulate(front[:, 1])]
    return float((front[:, 0] * np.diff(height)).sum())


def _volume(front: np.ndarray) -> float:
    """Of points [n, 3] above the origin: slices of constant third objective, from the top down."""
    front = front[np.argsort(-front[:, 2], kind="stable")]
    bottom = np.r_[front[1:, 2], 0.0]
    slices = front[:, 2] - bottom
    return float(sum(thickness * _area(front[: i + 1, :2])
                     for i, thickness in enumerate(slices) if thickness > 0))


def front_hypervolume(values: np.ndarray, reference: np.ndarray, best: np.ndarray) -> Hypervolume:
    """Hypervolume of points [points, objectives] oriented upwards, absolute and normalised.

    reference, best: opposite corners of the box [objectives].
    """
    volume = hypervolume(values, reference)
    box = float(np.prod(np.maximum(best - reference, 0.0)))
    return Hypervolume(volume, volume / box if box > 0 else np.nan, tuple(reference))
