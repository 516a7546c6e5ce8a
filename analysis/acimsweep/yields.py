# SPDX-License-Identifier: Apache-2.0
"""Yield: the share of chips whose accuracy reaches a specification."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from acimsweep.chips import deterministic_points
from acimsweep.intervals import CONFIDENCE, clopper_pearson
from acimsweep.results import Point, Results, ResultsError


def chip_yield(accuracy: npt.ArrayLike, spec: float) -> tuple[int, int, float, float, float]:
    """passed, chips, share and the ends of its 95 % Clopper-Pearson interval, from chip means [chips].

    Share NaN and interval (0, 1) without chips.
    """
    values = np.asarray(accuracy, float)
    passed, chips = int((values >= spec).sum()), len(values)
    low, high = clopper_pearson(passed, chips)
    return passed, chips, passed / chips if chips else np.nan, float(low), float(high)


def yield_at(results: Results, spec: float, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Share of chips whose mean accuracy is at least spec, one row per point.

    Columns: passed, chips, yield, low, high (two-sided, Clopper-Pearson, of the given confidence).
    Without random terms all chips are equal: the yield of a deterministic point is 0 or 1 and its
    interval that value. NaN for a point without a finished chip. ResultsError for a specification
    outside of 0..1 and for a confidence that does not lie between 0 and 1.
    """
    _check(confidence)
    if not 0.0 <= spec <= 1.0:
        raise ResultsError(f"specification {spec:g}: an accuracy lies from 0 to 1, as 0.9 for 90 %")
    chips = results.chips
    place = results.points.index.get_indexer(chips["point"])
    passed = np.bincount(place[chips["accuracy"].to_numpy() >= spec], minlength=len(results.points))
    count = np.bincount(place, minlength=len(results.points))
    low, high = clopper_pearson(passed, count, confidence)
    with np.errstate(invalid="ignore"):
        share = passed / count
    exact = deterministic_points(results) & (count > 0)
    low, high = np.where(exact, share, low), np.where(exact, share, high)
    low[count == 0], high[count == 0] = np.nan, np.nan
    return pd.DataFrame({"passed": passed, "chips": count, "yield": share, "low": low,
                         "high": high}, index=results.points.index)


def yield_curve(point: Point, specs: npt.ArrayLike | None = None,
                confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Yield of one point against the specification: columns spec, yield, low, high.

    specs: accuracies; by default every accuracy at which the yield steps, from 0 to 1. The interval, of
    the given confidence, holds at each specification by itself, not for the whole curve at once.
    ResultsError for a confidence that does not lie between 0 and 1.
    """
    _check(confidence)
    values = point.chips["accuracy"].to_numpy()
    if specs is None:
        steps = np.unique(values)
        specs = np.unique(np.r_[0.0, steps, np.nextafter(steps, 2.0), 1.0])
    at = np.asarray(specs, float)
    passed = (values >= at[:, None]).sum(axis=1)
    low, high = clopper_pearson(passed, len(values), confidence)
    share = passed / len(values) if len(values) else np.full(len(at), np.nan)
    if point.deterministic and len(values):
        low, high = share, share
    return pd.DataFrame({"spec": at, "yield": share, "low": low, "high": high})


def _check(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ResultsError(f"confidence {confidence:g}: give a share, as 0.9 for 90 %")
