# SPDX-License-Identifier: Apache-2.0
"""Main effects on made results whose effects are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sweeps import made_results

from acimsweep import ResultsError, sensitivity
from acimsweep.intervals import t_interval

X, Y = [-1.0, 0.0, 1.0], [-2.0, 2.0]
GRID = np.array(list(itertools.product(X, Y)))


def grid_results(accuracy: np.ndarray, **options):
    return made_results(accuracy, {"x": GRID[:, 0], "y": GRID[:, 1], "z": 5}, 100_000,
                        parameters=("x", "y", "z"), **options)


def test_an_additive_grid() -> None:
    """0.5 + 0.1 x + 0.05 y: variances 0.01 * 2/3 and 0.0025 * 4."""
    found = sensitivity(grid_results((0.5 + GRID @ [0.1, 0.05])[:, None].repeat(2, 1)))
    assert found.balanced and found.interactions == pytest.approx(0.0, abs=1e-9)
    shares = found.shares.set_index("parameter")
    assert list(shares.index) == ["y", "x"]  # z does not vary
    assert shares["share"]["y"] == pytest.approx(0.01 / (0.01 + 0.02 / 3))
    assert shares["spread"]["x"] == pytest.approx(0.2)
    effects = found.effects[found.effects["parameter"] == "x"]
    np.testing.assert_allclose(effects["effect"], [-0.1, 0.0, 0.1], atol=1e-12)
    assert list(effects["points"]) == [2, 2, 2]


def test_an_interaction() -> None:
    found = sensitivity(grid_results((0.5 + 0.1 * GRID[:, 0] * GRID[:, 1])[:, None].repeat(2, 1)))
    assert found.interactions == pytest.approx(1.0)


def test_intervals_come_from_chips_of_common_names() -> None:
    """Each chip has its own level, which cancels, and its own slope, which is the interval."""
    slopes = np.array([0.10, 0.12, 0.11, 0.07])
    chips = 0.5 + np.array([0.05, -0.05, 0.2, 0.0]) + GRID[:, :1] * slopes
    row = sensitivity(grid_results(chips)).effects.iloc[2]
    assert (row["low"], row["high"]) == pytest.approx(t_interval(slopes), abs=1e-6)
    one = sensitivity(grid_results(chips[:, :1])).effects
    assert one["low"].isna().all()


def test_drawn_parameters_are_cut_into_levels() -> None:
    random = np.random.default_rng(2)
    x, y = random.random(400), random.random(400)
    accuracy = (0.3 + 0.4 * x)[:, None].repeat(2, 1)
    found = sensitivity(made_results(accuracy, {"x": x, "y": y}, 100_000, parameters=("x", "y")))
    shares = found.shares.set_index("parameter")["share"]
    # Eight levels keep 1 - 1/64 of the variance of a uniform slope; y has 7/399 by chance.
    assert not found.balanced and np.isnan(found.interactions)
    assert shares["x"] == pytest.approx(1 - 1 / 64, abs=0.01) and shares["y"] < 0.06
    assert len(found.effects[found.effects["parameter"] == "x"]) == 8


def test_other_measures_and_conditions() -> None:
    results = grid_results(np.full((6, 2), 0.5))
    results.points["energy"] = np.abs(GRID[:, 0])
    found = sensitivity(results, "energy", where="y > 0")
    assert list(found.shares["parameter"]) == ["x"] and found.effects["low"].isna().all()
    with pytest.raises(ResultsError, match="no parameter varies"):
        sensitivity(results, where="x = 0 and y > 0")
    with pytest.raises(ResultsError, match="no measure is called 'energies'. Near: 'energy'"):
        sensitivity(results, "energies")
