# SPDX-License-Identifier: Apache-2.0
"""What is taken for what: the confusion matrix of a point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from acimsweep import style
from acimsweep.confusion_matrix import confusion
from acimsweep.results import Point, ResultsError
from acimsweep.style import plt

_NUMBERS = 20  # classes beyond which numbers in the cells cannot be read


@style.styled
def confusion_figure(point: Point, names: Sequence[str] | None = None, chip: int | None = None,
                     title: str | None = None) -> Figure:
    """Share [%] of the images of each class (row) that are given each class (column), over all
    complete trials of the point or of one chip; as numbers, too, with up to 20 classes.

    names: of the classes, by default their numbers. Raises as confusion(); ResultsError where there
    are fewer names than classes.
    """
    counts = confusion(point, chip)
    classes = len(counts)
    texts = [str(k) for k in range(classes)] if names is None else [str(name) for name in names]
    if len(texts) < classes:
        raise ResultsError(f"{point.results.path}: {len(texts)} names of {classes} classes")
    values = counts.to_numpy()
    share = 100 * values / np.maximum(1, values.sum(axis=1, keepdims=True))
    size = min(9.0, max(4.2, 0.46 * classes + 1.6))
    figure, axes = plt.subplots(figsize=(size + 0.9, size), layout="constrained")
    # By the root, so that errors of a few per cent show beside a diagonal of ninety.
    axes.grid(False)
    image = axes.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=10)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=np.sqrt([0, 1, 5, 20, 50, 100]))
    bar.ax.set_yticklabels(["0", "1", "5", "20", "50", "100"])
    bar.set_label("Share of the class [%], by its root")
    if classes <= _NUMBERS:
        for row, column in np.argwhere(share >= 0.05):
            axes.text(column, row, f"{share[row, column]:.1f}", ha="center", va="center",
                      fontsize=7, color="white" if share[row, column] > 35 else "black")
        slant = 90 if max(map(len, texts)) > 2 else 0
        axes.set_xticks(range(classes), texts[:classes], rotation=slant)
        axes.set_yticks(range(classes), texts[:classes])
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    axes.set_title(title or str(point), fontsize=9)
    return figure
