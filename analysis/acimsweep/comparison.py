# SPDX-License-Identifier: Apache-2.0
"""Two design points compared on the same chips and the same images."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from acimsweep.columns import SelectionError
from acimsweep.intervals import Interval, t_interval, t_test
from acimsweep.origin import differences_of, file_name, names_of, same_text
from acimsweep.paired import paired_difference, paired_difference_of_counts
from acimsweep.results import Point, Results, ResultsError


@dataclass(frozen=True)
class Difference:
    """A difference of accuracies (a minus b) with its 95 % interval and two-sided p value.

    count: of chips or images that were paired. kind: how the interval came about: `student_t`,
    `resolution`, `exact`, `none` (docs/statistics.md), or `mcnemar` for one trial.
    """

    difference: float
    interval: Interval
    p_value: float
    count: int
    kind: str


@dataclass(frozen=True, repr=False)
class Comparison:
    """Point a against point b.

    by_chip: what other chips would give, on these images. by_image: what other images would give, on
    these chips. trials: for each common (chip, repeat) the counts of discordant images with McNemar's
    test and Agresti's and Min's interval, as the program computes them. differs: of points of two
    files, by name, what else differs than parameters that both sweeps vary: keys, `layers` (rules),
    `network_hash`, `code_version`.
    """

    a: Point
    b: Point
    by_chip: Difference
    by_image: Difference
    trials: pd.DataFrame
    differs: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the names of both, both differences in percent and what differs, a line each."""
        mine, theirs = names_of(self.a, self.b)
        lines = [f"{mine} minus {theirs}:"]
        for name, d in (("chips", self.by_chip), ("images", self.by_image)):
            lines.append(f"  {100 * d.difference:+.2f} % ({100 * d.interval.low:+.2f} .. "
                         f"{100 * d.interval.high:+.2f} over {d.count} {name}, p = {d.p_value:.3g})")
        if self.a.results is not self.b.results:
            lines += [f"  {name}: {text}" for name, text in self.differs.items()] or [
                f"  {same_text(self.a, self.b)}"]
        return "\n".join(lines)

    __repr__ = __str__


def compare(a: Point | Results, b: Point | Results) -> Comparison | pd.DataFrame:
    """Pairs two points, of one results file or of two, or all common points of two files.

    A chip is the same chip at every point of one seed, and all see the same images: what both suffer
    alike cancels. Of two files one row for each point that both have, by the values of the swept
    parameters (the only one of each where none is swept): point_a, point_b, difference, chip_low,
    chip_high, chip_p, image_low, image_high, image_p, and differs: the names of what else differs
    (Comparison.differs of the two points has the values). attrs["a"] and attrs["b"] of the table name
    the files. p values are not corrected for their number.
    Raises ResultsError where images, data or seed differ, or nothing is common.
    """
    if isinstance(a, Point) and isinstance(b, Point):
        _check_alike(a.results, b.results)
        return _compare_points(a, b)
    if isinstance(a, Results) and isinstance(b, Results):
        _check_alike(a, b)
        return _compare_all(a, b)
    raise TypeError("compare two points, as store.point(3), or two opened stores")


def _check_alike(a: Results, b: Results) -> None:
    if a is b:
        return
    for name, meaning in (("data_hash", "evaluated on other data"),
                          ("seed", "other chips, which cannot be paired"),
                          ("model_version", "another version of the model")):
        mine, theirs = a.attrs.get(name), b.attrs.get(name)
        if mine != theirs:
            raise ResultsError(f"{a.path} and {b.path}: {name} {str(mine)[:12]} and "
                               f"{str(theirs)[:12]}: {meaning}")
    if (a.images, a.positions) != (b.images, b.positions):
        raise ResultsError(f"{a.path} and {b.path}: {a.images} and {b.images} images (or other "
                           "positions). Compare runs over the same images")


def _compare_points(a: Point, b: Point) -> Comparison:
    mine, theirs = _Trials(a), _Trials(b)
    common = mine.pairs_with(theirs)
    if not common:
        raise ResultsError(f"{' and '.join(names_of(a, b))}: no trial is finished at both")
    rows, by_image = [], []
    for (chip, repeat), (row_a, row_b) in common.items():
        correct = mine.correct(row_a), theirs.correct(row_b)
        pair = paired_difference(*correct)
        rows.append((chip, repeat, pair.images, pair.only_a, pair.only_b, pair.difference,
                     *pair.interval, pair.p_value))
        by_image.append(correct[0].astype(np.int8) - correct[1])
    trials = pd.DataFrame(rows, columns=["chip", "repeat", "items", "only_a", "only_b", "difference",
                                         "low", "high", "p_value"])
    per_chip = trials.groupby("chip")["difference"].mean().to_numpy()
    exact = a.deterministic and b.deterministic
    resolution = 0.5 / trials["items"].iloc[0] / trials.groupby("chip").size().max()
    return Comparison(a, b, _by_chip(per_chip, exact, resolution),
                      _by_image(np.array(by_image), a.results.positions), trials,
                      {} if a.results is b.results else differences_of(a, b))


def _by_chip(differences: np.ndarray, exact: bool, resolution: float) -> Difference:
    mean = float(differences.mean())
    if exact:
        return Difference(mean, Interval(mean, mean), float(mean == 0.0), len(differences), "exact")
    if len(differences) < 2:
        return Difference(mean, Interval(np.nan, np.nan), np.nan, 1, "none")
    interval = t_interval(differences)
    if interval.high - interval.low < 2 * resolution:
        # Chips that agree do not prove that all would: as for one accuracy, half an image.
        return Difference(mean, Interval(mean - resolution, mean + resolution), np.nan,
                          len(differences), "resolution")
    return Difference(mean, interval, t_test(differences), len(differences), "student_t")


def _by_image(signs: np.ndarray, positions: int) -> Difference:
    """signs: int8 [trials, items], 1 where only a is right, -1 where only b is.

    Several trials see the same images, so that they are averaged for each image, never pooled; an
    image (sequence) with several positions counts once.
    """
    if len(signs) > 1 and (signs == signs[0]).all():
        signs = signs[:1]
    if len(signs) == 1 and positions == 1:
        pair = paired_difference_of_counts(signs.shape[1], int((signs > 0).sum()),
                                           int((signs < 0).sum()))
        return Difference(pair.difference, pair.interval, pair.p_value, pair.images, "mcnemar")
    per_image = signs.mean(axis=0).reshape(-1, positions).mean(axis=1)
    return Difference(float(per_image.mean()), t_interval(per_image), t_test(per_image),
                      len(per_image), "student_t")


class _Trials:
    """Rows of the complete trials of a point by (chip, repeat); each may be several blocks."""

    def __init__(self, point: Point) -> None:
        self._results = point.results
        trials = self._results.trials  # sorted by point
        first, last = np.searchsorted(trials["point"].to_numpy(), [point.number, point.number + 1])
        self._deterministic = point.deterministic
        self.rows = {key: blocks.index
                     for key, blocks in trials.iloc[first:last].groupby(["chip", "repeat"])
                     if blocks["n_images"].sum() == self._results.images}

    def pairs_with(self, other: _Trials) -> dict[tuple[int, int], tuple[pd.Index, pd.Index]]:
        """Rows of both for each common trial; a deterministic point has one trial for all."""
        if self._deterministic or other._deterministic:
            one, many = (self, other) if self._deterministic else (other, self)
            if not one.rows:
                return {}
            first = next(iter(one.rows.values()))
            if one._deterministic and many._deterministic:
                return {k: (first, v) if one is self else (v, first)
                        for k, v in list(many.rows.items())[:1]}
            return {k: (first, v) if one is self else (v, first) for k, v in many.rows.items()}
        return {k: (v, other.rows[k]) for k, v in self.rows.items() if k in other.rows}

    def correct(self, rows: pd.Index) -> np.ndarray:
        """bool [items] of one trial, its blocks in order."""
        counts = self._results.trials.loc[rows, "n_images"] * self._results.positions
        bits = np.unpackbits(self._results.bits(rows.to_numpy()), axis=1, bitorder="little")
        return np.concatenate([row[:n] for row, n in zip(bits, counts)]).astype(bool)


def _compare_all(a: Results, b: Results) -> pd.DataFrame:
    shared = [name for name in a.parameters if name in b.parameters]
    extra = [n for n in [*a.parameters, *b.parameters] if n not in shared]
    for name in extra:
        for store in (a, b):
            if name in store.points and store.points[name].nunique(dropna=False) > 1:
                raise SelectionError(f"{store.path}: '{name}' is swept in one of the two only. Compare "
                                     "chosen points, as compare(a.point(0), b.point(0))")
    keys_a, keys_b = (_keys(store, shared) for store in (a, b))
    common = [key for key in keys_a if key in keys_b]
    if not common:
        raise ResultsError(f"{a.path} and {b.path}: no point has the same values of "
                           f"{', '.join(shared)}")
    for store in (a, b):
        store.correct_bits  # read once, not trial by trial
    rows = []
    for key in common:
        try:
            found = _compare_points(a.point(keys_a[key]), b.point(keys_b[key]))
        except ResultsError:  # not finished at both
            continue
        rows.append((*key, keys_a[key], keys_b[key], found.by_chip.difference,
                     *found.by_chip.interval, found.by_chip.p_value, *found.by_image.interval,
                     found.by_image.p_value, ", ".join(found.differs)))
    table = pd.DataFrame(rows, columns=[*shared, "point_a", "point_b", "difference", "chip_low",
                                        "chip_high", "chip_p", "image_low", "image_high", "image_p",
                                        "differs"])
    table.attrs |= {"a": file_name(a), "b": file_name(b)}
    return table


def _keys(store: Results, names: list[str]) -> dict[tuple, int]:
    table = store.points[names]
    keys = list(table.itertuples(index=False, name=None)) if names else [()] * len(table)
    if len(set(keys)) != len(keys):
        raise SelectionError(f"{store.path}: points share the values of all swept parameters")
    return dict(zip(keys, table.index))
