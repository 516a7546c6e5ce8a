# SPDX-License-Identifier: Apache-2.0
"""Confidence intervals, as the program computes them (docs/statistics.md)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """Two-sided confidence interval; both ends are NaN where the data does not support one."""

    low: float
    high: float


def student_t_quantile(probability: float, degrees: float) -> float:
    """Quantile of Student's t with `degrees` > 0, rounded to 12 digits as the program rounds it.

    scipy 1.10's own quantile is off by up to 2e-10; Newton's method on the upper tail is not.
    """
    if not (0.0 < probability < 1.0 and degrees > 0.0):
        raise ValueError(f"no quantile of t at {probability} with {degrees} degrees of freedom")
    if probability < 0.5:
        return -student_t_quantile(1.0 - probability, degrees)
    if probability == 0.5:
        return 0.0
    tail = 1.0 - probability
    share = special.betaincinv(0.5 * degrees, 0.5, 2.0 * tail)
    x = np.sqrt(degrees * (1.0 - share) / share)
    scale = np.exp(special.gammaln(0.5 * (degrees + 1.0)) - special.gammaln(0.5 * degrees))
    scale /= np.sqrt(degrees * np.pi)
    for _ in range(3):
        density = scale * (1.0 + x * x / degrees) ** (-0.5 * (degrees + 1.0))
        x += (0.5 * special.betainc(0.5 * degrees, 0.5, degrees / (degrees + x * x)) - tail) / density
    return float(f"{x:.11e}")


def t_interval(values: npt.ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Student's t interval of the mean of independent values [n]; NaN ends for fewer than two."""
    x = np.asarray(values, float)
    if len(x) < 2:
        return Interval(np.nan, np.nan)
    half = student_t_quantile(0.5 * (1.0 + confidence), len(x) - 1.0) * standard_error(x)
    return Interval(float(x.mean() - half), float(x.mean() + half))


def t_test(values: npt.ArrayLike) -> float:
    """Two-sided p value of Student's test that independent values [n] have mean 0.

    NaN for fewer than two. Where all values are equal, 1 if they are 0, else 0.
    """
    x = np.asarray(values, float)
    if len(x) < 2:
        return np.nan
    error, mean = standard_error(x), float(x.mean())
    if error == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    degrees = len(x) - 1.0
    t = mean / error
    return float(special.betainc(0.5 * degrees, 0.5, degrees / (degrees + t * t)))


def standard_error(values: np.ndarray) -> float:
    """Of the mean of independent values [n], n >= 2."""
    return float(np.sqrt(values.var(ddof=1) / len(values)))


def clopper_pearson(
    successes: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray]:
    """Clopper-Pearson intervals of proportions: ends, of the shape of the counts.

    Their coverage is never below the confidence. (0, 1) for no trials.
    """
    k, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    if (k < 0).any() or (k > n).any():
        raise ValueError("successes must lie in 0..trials")
    tail = 0.5 * (1.0 - confidence)
    low, high = np.zeros(k.shape), np.ones(k.shape)
    some, open_end = k > 0, k < n
    low[some] = special.betaincinv(k[some], n[some] - k[some] + 1.0, tail)
    high[open_end] = special.betaincinv(k[open_end] + 1.0, n[open_end] - k[open_end], 1.0 - tail)
    return low, high


def wilson_half_width(
    mean: npt.ArrayLike, trials: float, confidence: float = CONFIDENCE
) -> np.ndarray:
    """Half of the width of Wilson's score interval of proportions seen as `mean` in `trials` draws.

    NaN for no trials and for a mean that is NaN.
    """
    m = np.asarray(mean, float)
    if not trials > 0.0:
        return np.full(m.shape, np.nan)
    z = special.ndtri(0.5 * (1.0 + confidence))
    zz = z * z / trials
    return z / (1.0 + zz) * np.sqrt(m * (1.0 - m) / trials + zz / (4.0 * trials))
