# SPDX-License-Identifier: Apache-2.0
"""Which swept parameter moves a result, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from acimsweep.chips import MEASURES, chip_matrix
from acimsweep.columns import resolve
from acimsweep.intervals import t_interval
from acimsweep.results import Results, ResultsError

MAX_LEVELS, BINS = 12, 8


@dataclass(frozen=True)
class Sensitivity:
    """Main effects of the swept parameters on one measure, over the finished points.

    effects: one row per (parameter, level): points, effect (mean of the points at that level minus
        mean of all), low and high (95 % over chips, Student's t over the effect of each chip).
    shares: one row per parameter, largest share first: share (of the variance over points that the
        level's means explain), spread (largest minus smallest effect) with low and high as above.
    interactions: 1 minus the sum of the shares; NaN unless balanced.
    balanced: every combination of levels has equally many points. Where it is False, parameters were
        drawn or left out together, their effects mix, and the shares do not add up to one.
    """

    measure: str
    effects: pd.DataFrame
    shares: pd.DataFrame
    interactions: float
    balanced: bool


def sensitivity(results: Results, of: str = "accuracy", where: str | None = None) -> Sensitivity:
    """Main effects on accuracy, agreement, loss [nat] or any numeric column of points.

    where: a condition that selects points. A numeric parameter with more than 12 values in a sweep
    that is no grid is cut into 8 levels of equally many points. Intervals are NaN with one chip and
    for columns that do not come from chips. ResultsError where nothing is swept or finished.
    """
    chosen = results.points if where is None else results.where(where)
    rows = results.points.index.get_indexer(chosen.index)
    values = _chip_values(results, of)[rows]
    known = ~np.isnan(values).any(axis=1)
    values, points = values[known], chosen[known]
    swept = [n for n in results.parameters if points[n].nunique() > 1]
    if not swept:
        raise ResultsError(f"{results.path}: no parameter varies over finished points")
    levels = {name: _levels(points[name], _is_grid(points, swept)) for name in swept}
    mean = values.mean(axis=1)
    total = mean.var()
    effects, shares = [], []
    for name, level in levels.items():
        table, by_chip = _effects(values, level)
        effects.append(table.assign(parameter=name))
        weights = table["points"].to_numpy() / len(points)
        explained = float((weights * table["effect"].to_numpy() ** 2).sum())
        shares.append((name, explained / total if total > 0 else np.nan, *_spread(by_chip)))
    shares_table = pd.DataFrame(shares, columns=["parameter", "share", "spread", "low", "high"])
    balanced = _balanced(levels)
    rest = 1.0 - shares_table["share"].sum() if balanced else np.nan
    columns = ["parameter", "level", "points", "effect", "low", "high"]
    return Sensitivity(of, pd.concat(effects, ignore_index=True)[columns],
                       shares_table.sort_values("share", ascending=False, ignore_index=True),
                       float(rest), balanced)


def _chip_values(results: Results, of: str) -> np.ndarray:
    """Values [points, chips] on the chips that all noisy points share, or [points, 1]."""
    if of not in MEASURES:
        column = resolve(of, map(str, results.points.select_dtypes("number").columns), "measure")
        return results.points[column].to_numpy(float)[:, None]
    matrix, _ = chip_matrix(results, of)
    started = ~np.isnan(matrix).all(axis=1)
    common = ~np.isnan(matrix[started]).any(axis=0)
    return matrix[:, common] if common.any() else results.points[of].to_numpy(float)[:, None]


def _levels(column: pd.Series, grid: bool) -> pd.Series:
    """The level of each point: its value, or the middle of its bin."""
    if grid or column.nunique() <= MAX_LEVELS or not pd.api.types.is_numeric_dtype(column):
        return column
    return pd.qcut(column, BINS, duplicates="drop").map(lambda interval: interval.mid).astype(float)


def _is_grid(points: pd.DataFrame, swept: list[str]) -> bool:
    return len(points) == np.prod([points[name].nunique() for name in swept])


def _balanced(levels: dict[str, pd.Series]) -> bool:
    counts = pd.DataFrame(levels).value_counts()
    cells = np.prod([level.nunique() for level in levels.values()])
    return len(counts) == cells and counts.nunique() == 1


def _effects(values: np.ndarray, level: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """The effect of each level with its interval, and the effects per chip [levels, chips]."""
    grand = values.mean(axis=0)
    rows, by_chip = [], []
    for value, places in level.reset_index(drop=True).groupby(level.to_numpy()).indices.items():
        per_chip = values[places].mean(axis=0) - grand
        by_chip.append(per_chip)
        rows.append((value, len(places), per_chip.mean(), *t_interval(per_chip)))
    return pd.DataFrame(rows, columns=["level", "points", "effect", "low", "high"]), np.array(by_chip)


def _spread(by_chip: np.ndarray) -> tuple[float, float, float]:
    """Largest minus smallest effect, between the levels where the mean over chips has them."""
    mean = by_chip.mean(axis=1)
    difference = by_chip[mean.argmax()] - by_chip[mean.argmin()]
    return float(difference.mean()), *t_interval(difference)
