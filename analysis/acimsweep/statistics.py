# SPDX-License-Identifier: Apache-2.0
"""Aggregates of design points from their trials: the program's definitions (docs/statistics.md)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from acimsweep.chips import MEASURES, deterministic_points
from acimsweep.intervals import student_t_quantile, wilson_half_width
from acimsweep.results import Results

PERCENTILES = {"accuracy_p5": 0.05, "accuracy_p50": 0.50, "accuracy_p95": 0.95}


def point_statistics(results: Results) -> pd.DataFrame:
    """The aggregate columns of results.h5, computed anew from its trials: one row per point.

    Columns: n_trials, n_chips, accuracy with _ci_low, _ci_high, _ci_kind, _image_half_width,
    _between_chip_sd, _temporal_sd, _p5, _p50, _p95, _min, _max; agreement, loss [nat]; where the
    network predicts at several positions also perplexity with _ci_low and _ci_high. NaN where a
    point has no complete trial. A live run directory does not say which points are deterministic:
    there every point counts as noisy.
    """
    groups = _Chips(results)
    fixed = groups.fixed & (groups.count > 0)
    out = pd.DataFrame(index=results.points.index)
    out["n_trials"], out["n_chips"] = groups.trials.astype(np.int64), groups.count
    low, high = groups.sorted_end(0), groups.sorted_end(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Rounding must not push the mean outside of the values it is the mean of.
        mean = np.clip(groups.mean("accuracy"), low, high)
        mean[fixed] = low[fixed]
        out["accuracy"] = mean
        _add_interval(out, groups, mean)
        out["accuracy_image_half_width"] = wilson_half_width(mean, results.images)
        _add_deviations(out, groups)
        for name, fraction in PERCENTILES.items():
            out[name] = groups.percentile(fraction)
        out["accuracy_min"], out["accuracy_max"] = low, high
        out["agreement"], out["loss"] = groups.mean("agreement"), groups.mean("loss")
        if results.positions != 1:
            _add_perplexity(out, groups)
    return out


class _Chips:
    """Chip means in one long table, with sums over each point in the order of the chips."""

    def __init__(self, results: Results) -> None:
        chips = results.chips
        self.points = len(results.points)
        self.place = results.points.index.get_indexer(chips["point"])  # row of points
        self.fixed = deterministic_points(results)
        self.values = {name: chips[name].to_numpy() for name in MEASURES}
        self.repeats = chips["repeats"].to_numpy(float)
        self.squares = chips["squares"].to_numpy()
        self.count = np.bincount(self.place, minlength=self.points)
        self.trials = self.total(self.repeats)
        self.resolution = 0.5 / (results.images * results.positions) if results.images else np.nan
        self._start = np.r_[0, np.cumsum(self.count)[:-1]]
        accuracy = self.values["accuracy"]
        self._sorted = accuracy[np.lexsort((accuracy, self.place))]

    def total(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.place, values, self.points)

    def mean(self, measure: str) -> np.ndarray:
        return self.total(self.values[measure]) / self.count

    def half_width(self, measure: str) -> np.ndarray:
        """Of Student's interval over the chips [points]; NaN with fewer than two."""
        away = self.values[measure] - self.mean(measure)[self.place]
        error = np.sqrt(self.total(away * away) / (self.count - 1.0) / self.count)
        quantile = {n: student_t_quantile(0.975, n - 1.0) for n in np.unique(self.count) if n > 1}
        return np.array([quantile.get(n, np.nan) for n in self.count], float) * error

    def sorted_end(self, end: int) -> np.ndarray:
        """Least (0) or largest (-1) accuracy of the chips of each point."""
        out = np.full(self.points, np.nan)
        some = self.count > 0
        place = self._start if end == 0 else self._start + self.count - 1
        out[some] = self._sorted[place[some]]
        return out

    def percentile(self, fraction: float) -> np.ndarray:
        """Linear between order statistics (type 7 of Hyndman and Fan 1996, numpy's default)."""
        out = np.full(self.points, np.nan)
        some = self.count > 0
        last = self.count[some] - 1
        exact = fraction * last
        below = exact.astype(np.int64)
        x0 = self._sorted[self._start[some] + below]
        x1 = self._sorted[self._start[some] + np.minimum(below + 1, last)]
        out[some] = x0 + (exact - below) * (x1 - x0)
        return out


def _add_interval(out: pd.DataFrame, chips: _Chips, mean: np.ndarray) -> None:
    """Student's t over chip means, never narrower than half an item on each side, in [0, 1]."""
    half = chips.half_width("accuracy")
    centre = chips.mean("accuracy")
    student = (chips.count > 1) & ~chips.fixed
    narrow = student & ((centre + half) - (centre - half) < 2.0 * chips.resolution)
    low, high = centre - half, centre + half
    low[narrow], high[narrow] = (mean - chips.resolution)[narrow], (mean + chips.resolution)[narrow]
    low, high = np.maximum(0.0, low), np.minimum(1.0, high)
    exact = chips.fixed & (chips.count > 0)
    low[exact], high[exact] = mean[exact], mean[exact]
    low[~student & ~exact], high[~student & ~exact] = np.nan, np.nan
    out["accuracy_ci_low"], out["accuracy_ci_high"] = low, high
    out["accuracy_ci_kind"] = np.select([exact, narrow, student],
                                        ["exact", "resolution", "student_t"], "none")


def _add_deviations(out: pd.DataFrame, chips: _Chips) -> None:
    """One-way random-effects analysis of variance with unequal numbers of repeats."""
    count, total = chips.count.astype(float), chips.trials
    accuracy = chips.values["accuracy"]
    grand = chips.total(chips.repeats * accuracy) / total
    away = accuracy - grand[chips.place]
    between_mean = chips.total(chips.repeats * away * away) / (count - 1.0)
    within_mean = chips.total(chips.squares) / (total - count)
    repeats = (total - chips.total(chips.repeats**2) / total) / (count - 1.0)
    repeated = total > count
    variance = np.where(repeated, np.maximum(0.0, (between_mean - within_mean) / repeats),
                        between_mean)
    between = np.where(count > 1, np.sqrt(variance), np.nan)
    temporal = np.where(repeated, np.sqrt(within_mean), np.nan)
    exact = chips.fixed & (count > 0)
    between[exact], temporal[exact] = 0.0, 0.0
    out["accuracy_between_chip_sd"], out["accuracy_temporal_sd"] = between, temporal


def _add_perplexity(out: pd.DataFrame, chips: _Chips) -> None:
    """exp of the mean loss, and of Student's interval of the loss over the chips."""
    mean, half = chips.mean("loss"), chips.half_width("loss")
    half[chips.fixed & (chips.count > 0)] = 0.0
    out["perplexity"] = np.exp(mean)
    out["perplexity_ci_low"] = np.exp(np.maximum(0.0, mean - half))
    out["perplexity_ci_high"] = np.exp(mean + half)
