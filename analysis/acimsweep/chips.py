# SPDX-License-Identifier: Apache-2.0
"""Trials and chips of each point, summed in the program's order so that the bits are the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

from acimsweep.results import Results, ResultsError

MEASURES = ("accuracy", "agreement", "loss")
_LOSS_UNIT = 2.0**-32  # nat, of the stored cross-entropy


def complete_trials(results: Results) -> pd.DataFrame:
    """One row per (point, chip, repeat) that has seen all images, sorted: accuracy and agreement
    (fractions of all items) and loss (mean per item [nat]).

    An item is an image, or a position of one. Columns that the file lacks are NaN.
    """
    rows = results.trials
    if rows.empty:
        return pd.DataFrame({n: np.zeros(0, np.int64) for n in ("point", "chip", "repeat")}
                            | {n: np.zeros(0) for n in MEASURES})
    key = rows[["point", "chip", "repeat"]].to_numpy()
    if (np.diff(rows["point"].to_numpy()) < 0).any():
        raise ResultsError(f"{results.path}: the rows of trials are not sorted by point")
    first = np.flatnonzero(np.r_[True, (np.diff(key, axis=0) != 0).any(axis=1)])
    trial = np.zeros(len(rows), np.int64)
    trial[first[1:]] = 1
    trial = np.cumsum(trial)

    def total(column: str, factor: float = 1.0) -> np.ndarray:
        # bincount adds in the order of the rows, as the program does.
        if column not in rows:
            return np.full(len(first), np.nan)
        return np.bincount(trial, rows[column].to_numpy() * factor)

    items = float(results.images * results.positions)
    table = pd.DataFrame(key[first], columns=["point", "chip", "repeat"])
    table["accuracy"] = total("correct") / items
    table["agreement"] = total("agree") / items
    table["loss"] = total("cross_entropy", _LOSS_UNIT) / items
    return table[total("n_images") == results.images].reset_index(drop=True)


def chip_means(results: Results) -> pd.DataFrame:
    """One row per (point, chip), sorted: means of accuracy, agreement and loss over the repeats,
    their number, and squares: sum over repeats of (accuracy - mean)^2."""
    trials = complete_trials(results)
    key = trials[["point", "chip"]].to_numpy()
    start = np.r_[True, (np.diff(key, axis=0) != 0).any(axis=1)] if len(key) else np.zeros(0, bool)
    chip = np.cumsum(start) - 1
    chips = pd.DataFrame(key[start], columns=["point", "chip"])
    repeats = np.bincount(chip, minlength=len(chips))
    for name in MEASURES:
        chips[name] = np.bincount(chip, trials[name], len(chips)) / repeats
    away = trials["accuracy"].to_numpy() - chips["accuracy"].to_numpy()[chip]
    chips["repeats"] = repeats
    chips["squares"] = np.bincount(chip, away * away, len(chips))
    return chips


def chip_matrix(results: Results, measure: str = "accuracy") -> tuple[np.ndarray, np.ndarray]:
    """A measure of each chip at each point, float64 [points, chips], and the numbers of the chips.

    Chips are common to all points: a column is one chip under all design points. NaN where a chip
    has no complete trial. A deterministic point has the same value on every chip.
    """
    chips = results.chips
    numbers, column = np.unique(chips["chip"], return_inverse=True)
    matrix = np.full((len(results.points), len(numbers)), np.nan)
    row = results.points.index.get_indexer(chips["point"])
    matrix[row, column] = chips[measure]
    fixed = deterministic_points(results)
    matrix[fixed] = _any_known(matrix)[fixed, None]
    return matrix, numbers


def deterministic_points(results: Results) -> np.ndarray:
    """bool [points]: no random term. False where the file does not say it."""
    if "deterministic" not in results.points:
        return np.zeros(len(results.points), bool)
    return results.points["deterministic"].to_numpy() == 1


def _any_known(matrix: np.ndarray) -> np.ndarray:
    """The first value of each row that is not NaN, or NaN."""
    if matrix.shape[1] == 0:
        return np.full(len(matrix), np.nan)
    place = np.argmax(~np.isnan(matrix), axis=1)
    return matrix[np.arange(len(matrix)), place]
