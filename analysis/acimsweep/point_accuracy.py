# SPDX-License-Identifier: Apache-2.0
"""The accuracy of a point with how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acimsweep.intervals import Interval
from acimsweep.results import Point


@dataclass(frozen=True)
class Accuracy:
    """Top-1 accuracy of a point, from 0 to 1.

    mean: over chips. interval: 95 % over chips, given these images; kind: how it came about
    (docs/statistics.md). image_half_width: of the 95 % interval that the number of images leaves.
    chips: those with a finished trial. NaN where none is finished.
    """

    mean: float
    interval: Interval
    kind: str
    image_half_width: float
    chips: int

    def __float__(self) -> float:
        """Return the mean."""
        return self.mean

    def __str__(self) -> str:
        """Return mean and both intervals in percent."""
        if np.isnan(self.mean):
            return "no finished chip"
        low, high = (100 * end for end in self.interval)
        chips = f"{self.chips} chip" + ("s" if self.chips != 1 else "")
        if self.kind == "exact":
            over = "exact over chips"
        else:
            over = f"{chips}: none" if np.isnan(low) else f"{low:.2f} .. {high:.2f} over {chips}"
        return f"{100 * self.mean:.2f} % ({over}, +- {100 * self.image_half_width:.1f} images)"


def accuracy_of(point: Point) -> Accuracy:
    """As results.h5 holds it; of a run directory's segments computed from their trials."""
    row = point.row
    if "accuracy_ci_low" not in row:
        row = point.results.statistics.loc[point.number]
    return Accuracy(float(row["accuracy"]),
                    Interval(float(row["accuracy_ci_low"]), float(row["accuracy_ci_high"])),
                    str(row.get("accuracy_ci_kind", "")),
                    float(row.get("accuracy_image_half_width", np.nan)), len(point.chips))
