# SPDX-License-Identifier: Apache-2.0
"""Two trials over the same images, image by image: the program's paired difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from acimsweep.intervals import Interval

_NORMAL_975 = float(special.ndtri(0.975))


@dataclass(frozen=True)
class PairedDifference:
    """Accuracy of a minus accuracy of b over the same images: what both get right or wrong cancels.

    only_a, only_b: images that one of them alone has right. interval: 95 %, Agresti and Min,
    Statistics in Medicine 24 (2005) 729. p_value: McNemar's exact two-sided test of equal accuracy.
    """

    images: int
    only_a: int
    only_b: int
    difference: float
    interval: Interval
    p_value: float


def paired_difference(a: npt.ArrayLike, b: npt.ArrayLike) -> PairedDifference:
    """Compares correctness, bool [images] each. ValueError where the shapes differ."""
    first, second = np.asarray(a, bool), np.asarray(b, bool)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"correctness of shapes {first.shape} and {second.shape}: give two of the "
                         "same images, one value each")
    return paired_difference_of_counts(
        len(first), int((first & ~second).sum()), int((second & ~first).sum()))


def paired_difference_of_counts(images: int, only_a: int, only_b: int) -> PairedDifference:
    """The same from the counts of discordant images."""
    if images == 0:
        return PairedDifference(0, 0, 0, np.nan, Interval(np.nan, np.nan), 1.0)
    # Wald's interval after adding half an image to each of the four cells.
    total = images + 2.0
    centre = (only_a - only_b) / total
    discordant = (only_a + only_b + 1.0) / total
    half = _NORMAL_975 * np.sqrt((discordant - centre * centre) / total)
    interval = Interval(float(max(-1.0, centre - half)), float(min(1.0, centre + half)))
    return PairedDifference(images, only_a, only_b, (only_a - only_b) / images, interval,
                            _mcnemar(only_a, only_b))


def _mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided binomial test that a discordant image is equally likely on either side."""
    if only_a + only_b == 0:
        return 1.0
    return min(1.0, 2.0 * float(special.bdtr(min(only_a, only_b), only_a + only_b, 0.5)))
