# SPDX-License-Identifier: Apache-2.0
"""Accuracy of each class, from the stored correctness and labels that the caller brings.

Every store holds whether a prediction was right: the diagonal of the confusion matrix, which needs no
more. The whole matrix needs the predictions (confusion_matrix.py).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from acimsweep.chips import complete_trials
from acimsweep.results import Results, ResultsError


def per_class(results: Results, labels: npt.ArrayLike) -> pd.DataFrame:
    """One row per (point, class): items of the class, accuracy (mean over chips of the mean over
    repeats), lowest and highest of a chip.

    labels: int [images] in the order of the evaluation set, or [images, positions]; more images than
    were run may be given. ResultsError where they are too few or of another shape.
    """
    classes = np.asarray(labels)
    wanted = (results.images,) if results.positions == 1 else (results.images, results.positions)
    if classes.ndim != len(wanted) or classes.shape[1:] != wanted[1:] or len(classes) < wanted[0]:
        raise ResultsError(f"{results.path}: labels of shape {list(classes.shape)}; these results "
                           f"need {list(wanted)}")
    if not np.issubdtype(classes.dtype, np.integer):
        raise ResultsError(f"{results.path}: labels of type {classes.dtype}; give whole numbers")
    names, item_class = np.unique(classes[: results.images].ravel(), return_inverse=True)
    items = np.bincount(item_class)
    right = _right_per_trial(results, item_class, len(names))
    table = pd.DataFrame(right.to_numpy() / items, index=right.index, columns=names)
    chips = table.groupby(level=["point", "chip"]).mean()
    by_point = chips.groupby(level="point")
    parts = {"accuracy": by_point.mean(), "lowest": by_point.min(), "highest": by_point.max()}
    out = pd.DataFrame({name: part.stack() for name, part in parts.items()})
    out.index.names = ["point", "class"]
    out.insert(0, "items", np.tile(items, len(out) // len(items)))
    return out.reset_index()


def _right_per_trial(results: Results, item_class: np.ndarray, count: int) -> pd.DataFrame:
    """Correct items of each class [complete trials, classes]."""
    trials = results.trials
    positions = results.positions
    counts = np.empty((len(trials), count), np.int64)
    for row, (first, images) in enumerate(zip(trials["first_image"], trials["n_images"])):
        bits = np.unpackbits(results.correct_bits[row], bitorder="little")[: images * positions]
        mine = item_class[first * positions: (first + images) * positions]
        counts[row] = np.bincount(mine[bits == 1], minlength=count)
    key = ["point", "chip", "repeat"]
    table = pd.DataFrame(counts, index=pd.MultiIndex.from_frame(trials[key]))
    return table.groupby(level=key).sum().loc[
        pd.MultiIndex.from_frame(complete_trials(results)[key])]
