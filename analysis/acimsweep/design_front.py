# SPDX-License-Identifier: Apache-2.0
"""The front of a sweep: which design points are worth having, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from acimsweep.columns import SelectionError, resolve
from acimsweep.front import pareto_front
from acimsweep.dominated_volume import Hypervolume, front_hypervolume
from acimsweep.membership import front_probability
from acimsweep.objectives import (DEFAULT, Objective, design_table, parse_objectives,
                                  unknown_points)
from acimsweep.previews import front_html, front_line
from acimsweep.results import Results, ResultsError
from acimsweep.selection import select

ON_FRONT, PROBABILITY = "on_front", "front_probability"


@dataclass(frozen=True, repr=False)
class DesignFront:
    """Points that were compared, and what came of it.

    table: the selected points whose objectives are known, best last objective first: the columns of
        Results.points, yield where a specification was given, on_front, and front_probability, the
        probability of being on the front (NaN where the chips do not support one).
    hypervolumes: one for each group, by its value; by None without group_by.
    """

    results: Results
    objectives: list[Objective]
    table: pd.DataFrame
    hypervolumes: dict[object, Hypervolume]
    group_by: str | None = None

    def __repr__(self) -> str:
        """Return one line with the number of points on the front, objectives and hypervolume."""
        return front_line(self)

    def _repr_html_(self) -> str:
        return front_html(self)

    @property
    def front(self) -> pd.DataFrame:
        """Rows of table that are on the front (of their group)."""
        return self.table[self.table[ON_FRONT]]

    def groups(self) -> list[tuple[object, pd.DataFrame]]:
        """Value and rows of each group in ascending order; one, called None, without group_by."""
        if self.group_by is None:
            return [(None, self.table)]
        return list(self.table.groupby(self.group_by, sort=True))


def find_front(
    results: Results,
    objectives: str = DEFAULT,
    *,
    spec: float | None = None,
    where: str | None = None,
    group_by: str | None = None,
    reference: Sequence[float] | None = None,
) -> DesignFront:
    """Compares the design points of a sweep.

    objectives: two or three, such as "accuracy,energy,area" (docs/python.md). spec: accuracy that a
    chip has to reach; the table then has the yield, whether an objective or not. where: condition that selects points (selection.py).
    group_by: a column; each of its values has a front of its own. reference: for the hypervolume, a
    stored value for each objective; by default the worst of the selected points in each.
    Raises SelectionError for a request that makes no sense, ResultsError where nothing is finished.
    """
    table = design_table(results, spec)
    chosen = parse_objectives(objectives, table, results.units, spec)
    selected = np.ones(len(table), bool) if where is None else select(table, where)
    if not selected.any():
        raise SelectionError(f"{results.path}: no point fulfils '{where}'")
    values = np.stack([o.values(table) for o in chosen], axis=1)
    rows = np.flatnonzero(selected & ~np.isnan(values).any(axis=1))
    if len(rows) == 0:
        raise ResultsError(f"{results.path}: no finished point"
                           + (" among the selected ones" if where else "")
                           + f" that has {' and '.join(o.name for o in chosen)}")
    group = None if group_by is None else resolve(group_by, map(str, table.columns))
    if reference is not None and len(reference) != len(chosen):
        raise SelectionError(f"reference of {len(reference)} values for {len(chosen)} objectives")
    low = values[rows].min(axis=0) if reference is None else np.array(
        [o.sign * v for o, v in zip(chosen, reference)])
    best = values[rows].max(axis=0)
    on_front, probability, volumes = np.zeros(len(rows), bool), np.zeros(len(rows)), {}
    unknown = unknown_points(results, chosen)
    sampled = [o.sampled(results, rows) for o in chosen]
    for value, members in _groups(table, rows, group):
        mine = rows[members]
        on_front[members] = pareto_front(values[mine])
        probability[members] = front_probability(
            [values[mine, k] if s is None else s.rows(members) for k, s in enumerate(sampled)],
            unknown[mine])
        volumes[value] = _oriented_back(front_hypervolume(values[mine], low, best), chosen)
    out = table.iloc[rows].assign(**{ON_FRONT: on_front, PROBABILITY: probability})
    order = np.lexsort([-values[rows, k] for k in range(len(chosen))])
    return DesignFront(results, chosen, out.iloc[order], volumes, group)


def _groups(table: pd.DataFrame, rows: np.ndarray,
            group: str | None) -> list[tuple[object, np.ndarray]]:
    """Value of each group and the places of its members in rows."""
    if group is None:
        return [(None, np.arange(len(rows)))]
    column = table[group].iloc[rows].reset_index(drop=True)
    if column.isna().any():
        raise SelectionError(f"group '{group}': some selected points have no value. Leave them out "
                             "with a condition")
    return [(value, np.asarray(places)) for value, places in column.groupby(column).indices.items()]


def _oriented_back(volume: Hypervolume, objectives: list[Objective]) -> Hypervolume:
    reference = tuple(float(o.sign * v) for o, v in zip(objectives, volume.reference))
    return Hypervolume(volume.volume, volume.normalised, reference)
