# SPDX-License-Identifier: Apache-2.0
"""Yield at a specification and its curve."""

from __future__ import annotations

import numpy as np
import pytest
from sweeps import made_results

from acimsweep import ResultsError, yield_at, yield_curve
from acimsweep.yields import chip_yield

CHIPS = [[0.90, 0.91, 0.89, 0.95], [0.5, 0.5, 0.5, 0.5], [0.95, np.nan, np.nan, np.nan],
         [np.nan] * 4]


def test_yield_at_a_specification() -> None:
    table = yield_at(made_results(CHIPS, deterministic=[0, 1, 0, 0]), 0.9)
    assert list(table["passed"]) == [3, 0, 1, 0] and list(table["chips"]) == [4, 4, 1, 0]
    np.testing.assert_array_equal(table["yield"], [0.75, 0.0, 1.0, np.nan])
    # scipy.stats.binomtest(3, 4).proportion_ci(): Clopper and Pearson
    assert table["low"][0] == pytest.approx(0.1941204, abs=1e-7)
    assert table["high"][0] == pytest.approx(0.9936906, abs=1e-7)
    assert (table["low"][1], table["high"][1]) == (0.0, 0.0)  # no random term, no doubt
    assert table["low"][2] == pytest.approx(0.025) and np.isnan(table["low"][3])


def test_a_chip_that_just_reaches_it_counts() -> None:
    assert chip_yield([0.9, 0.9 - 1e-12], 0.9)[:3] == (1, 2, 0.5)
    assert chip_yield([0.9] * 4, 0.9)[3] == pytest.approx(0.025**0.25)  # 0.397, as the docs say
    assert np.isnan(chip_yield([], 0.9)[2])


def test_yield_needs_a_fraction() -> None:
    with pytest.raises(ResultsError, match="from 0 to 1, as 0.9 for 90 %"):
        yield_at(made_results(CHIPS), 90)


def test_curve_falls_and_passes_through_yield_at() -> None:
    results = made_results(CHIPS)
    curve = yield_curve(results.point(0))
    assert (np.diff(curve["yield"]) <= 0).all() and curve["yield"].iloc[[0, -1]].tolist() == [1, 0]
    assert ((curve["low"] <= curve["yield"]) & (curve["yield"] <= curve["high"])).all()
    for spec in (0.0, 0.89, 0.9, 0.905, 0.95, 1.0):
        row, at = yield_at(results, spec).loc[0], yield_curve(results.point(0), [spec]).loc[0]
        assert (row["yield"], row["low"], row["high"]) == (at["yield"], at["low"], at["high"])


def test_another_confidence() -> None:
    results = made_results(CHIPS, deterministic=[0, 1, 0, 0])
    table = yield_at(results, 0.9, confidence=0.8)
    # scipy.stats.binomtest(3, 4).proportion_ci(0.8); one chip of one: the tail of 10 %
    assert (table["low"][0], table["high"][0]) == pytest.approx((0.3205, 0.9740), abs=1e-4)
    assert table["low"][2] == pytest.approx(0.1) and (table["low"][1], table["high"][1]) == (0, 0)
    curve = yield_curve(results.point(0), [0.9], confidence=0.8)
    assert curve["low"][0] == table["low"][0]
    for wrong in (0.0, 1.0, 95):
        with pytest.raises(ResultsError, match="a share, as 0.9 for 90 %"):
            yield_at(results, 0.9, wrong)
        with pytest.raises(ResultsError, match="a share"):
            yield_curve(results.point(0), confidence=wrong)
