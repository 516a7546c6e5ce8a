# SPDX-License-Identifier: Apache-2.0
"""Pareto fronts: which points no other point dominates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def pareto_front(values: npt.ArrayLike) -> np.ndarray:
    """Marks the points that no other point dominates.

    values: [points, objectives], each objective the larger the better.
    Returns bool [points]. Equal points stay together; a point with a NaN is never on the front.
    The rule is that of the program's own `acimsweep pareto`.
    """
    table = np.asarray(values, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"values must be [points, objectives], not of rank {table.ndim}")
    on_front = np.zeros(len(table), dtype=bool)
    known = np.flatnonzero(~np.isnan(table).any(axis=1))
    if len(known) == 0 or table.shape[1] == 0:
        return on_front
    order = known[np.lexsort(-table[known].T[::-1])]
    mark = _front_of_two if table.shape[1] == 2 else _front_of_many
    on_front[order] = mark(table[order])
    return on_front


def _front_of_two(table: np.ndarray) -> np.ndarray:
    """Of points in lexicographic order, best first: one pass."""
    first, second = table.T
    start = np.r_[True, first[1:] != first[:-1]]  # of those that share the first objective
    group = np.cumsum(start) - 1
    best = second[start]  # the best of each comes first
    before = np.r_[-np.inf, np.maximum.accumulate(best)[:-1]]
    return (second == best[group]) & ((second > before[group]) | (group == 0))


def _front_of_many(table: np.ndarray) -> np.ndarray:
    """Of points in lexicographic order: a point can only be dominated by an earlier one, and then
    also by an earlier one of the front."""
    front = np.empty_like(table)
    count = 0
    on_front = np.zeros(len(table), bool)
    for place, candidate in enumerate(table):
        at_least = (front[:count] >= candidate).all(axis=1)
        if (at_least & (front[:count] > candidate).any(axis=1)).any():
            continue
        front[count] = candidate
        count += 1
        on_front[place] = True
    return on_front
