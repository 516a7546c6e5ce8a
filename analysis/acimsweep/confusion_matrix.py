# SPDX-License-Identifier: Apache-2.0
"""Confusion matrices from stored predictions (trials.predictions)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from acimsweep.chips import complete_trials
from acimsweep.results import Point, ResultsError

_MOST_CLASSES = 4096  # a matrix of 128 MB


def confusion(point: Point, chip: int | None = None, classes: int | None = None) -> pd.DataFrame:
    """Items by label (index) and prediction (columns), summed over all complete trials of the point,
    or of one chip: int64 [classes, classes]. Divided by the sums of its rows it gives recalls, by
    those of its columns precisions. classes: by default as many as labels and these predictions name;
    give it where matrices are to be added and some class is rarely said.

    ResultsError where the sweep kept no predictions, where no trial is complete, or beyond 4,096
    classes: then work with Results.predictions.
    """
    results = point.results
    labels = results.labels
    rows = _rows(point, chip)
    predictions = results.predicted(rows)
    if (labels.ndim != 1 or labels.dtype.kind not in "iu" or predictions.dtype.kind != "u"
            or len(labels) < results.images * results.positions or labels.min() < 0):
        raise ResultsError(f"{results.path}: {len(labels)} labels do not fit {results.images} images. "
                           "The file may be damaged; merge it again")
    named = 1 + int(max(labels.max(), predictions.max()))
    classes = named if classes is None else classes
    if classes < named:
        raise ResultsError(f"{results.path}: {named} classes are named, more than {classes}")
    if classes > _MOST_CLASSES:
        raise ResultsError(f"{results.path}: {classes} classes are too many for a matrix; work with "
                           "Results.predictions")
    pairs = [np.zeros(0, np.int64)]
    trials = results.trials.iloc[rows]
    for row, first, images in zip(predictions, trials["first_image"], trials["n_images"]):
        begin, items = first * results.positions, images * results.positions
        pairs.append(labels[begin: begin + items] * classes + row[:items])
    counts = np.bincount(np.concatenate(pairs), minlength=classes * classes)
    names = pd.RangeIndex(classes)
    return pd.DataFrame(counts.reshape(classes, classes), names.rename("label"),
                        names.rename("prediction"))


def _rows(point: Point, chip: int | None) -> np.ndarray:
    """Rows of the trials of a point, or of one chip, that have seen all images."""
    results = point.results
    trials = results.trials
    own = trials["point"] == point.number
    if chip is not None:
        own &= trials["chip"] == chip
    key = ["point", "chip", "repeat"]
    complete = pd.MultiIndex.from_frame(complete_trials(results)[key])
    rows = np.flatnonzero(own & pd.MultiIndex.from_frame(trials[key]).isin(complete))
    if not len(rows):
        of = "" if chip is None else f" of chip {chip}"
        raise ResultsError(f"{results.path}: no complete trial{of} at point {point.number}")
    return rows
