# SPDX-License-Identifier: Apache-2.0
"""Statistics in Python against those that the program stored, and against closed forms."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from sweeps import made_results, needs_program, run_program, run_sweep

from acimsweep import open_store
from acimsweep.chips import chip_matrix
from acimsweep.intervals import (clopper_pearson, student_t_quantile, t_interval, t_test,
                                 wilson_half_width)
from acimsweep.paired import paired_difference, paired_difference_of_counts
from acimsweep.statistics import point_statistics

# Sums are formed in the program's order, so that nearly all columns are equal to the bit. What is
# left are single roundings: of the quantile of the normal law (another library), of the mean inside
# the interval (the program adds its chips there in sorted order) and of exp. The values are below 20.
TOLERANCE = 1e-12


def expect_the_stored_columns(path: Path) -> set[str]:
    """Compares every column with the file's; returns the kinds of intervals that occurred."""
    results = open_store(path)
    mine = point_statistics(results)
    assert len(mine) == len(results.points) > 0
    for name in mine:
        stored = results.points[name]
        if name == "accuracy_ci_kind":
            assert list(mine[name]) == list(stored)
        else:
            np.testing.assert_allclose(mine[name], stored, rtol=0, atol=TOLERANCE, err_msg=name)
    wanted = {n for n in results.points if n.startswith(("accuracy", "perplexity", "n_"))}
    assert wanted | {"agreement", "loss"} == set(mine.columns)
    return set(mine["accuracy_ci_kind"])


@pytest.mark.skipif("ACIM_RESULTS" not in os.environ, reason="ACIM_RESULTS names no results file")
def test_equals_the_programs_aggregates() -> None:
    assert "student_t" in expect_the_stored_columns(Path(os.environ["ACIM_RESULTS"]))


@needs_program
def test_equals_the_programs_aggregates_with_repeats(tmp_path: Path) -> None:
    settings = {"workload.images": 40, "trials": {"chips": 3, "repeats": 2},
                "grid": {"macro.adc.bits": [6, 8], "macro.noise.random.sigma": [0, 0.01, 0.08]}}
    run_sweep(tmp_path / "run", "quickstart.yaml", settings)
    kinds = expect_the_stored_columns(tmp_path / "run" / "results.h5")
    assert {"exact", "student_t"} <= kinds
    assert (open_store(tmp_path / "run" / "results.h5").points["accuracy_temporal_sd"] > 0).any()


@needs_program
def test_equals_the_programs_aggregates_of_a_part(tmp_path: Path) -> None:
    """Chips with unequal repeats, points with one chip and with none."""
    settings = {"workload.images": 20, "trials": {"chips": 4, "repeats": 3}, "seed": 3,
                "grid": {"macro.adc.bits": [6, 7, 8], "macro.noise.random.sigma": [0.12]}}
    for shard in ("0/5", "1/7"):
        run_sweep(tmp_path / "run", "quickstart.yaml", settings, "--shard", shard)
    assert run_program("merge", tmp_path / "run", "-o", tmp_path / "part.h5").returncode == 0
    expect_the_stored_columns(tmp_path / "part.h5")
    assert open_store(tmp_path / "part.h5").chips["repeats"].nunique() > 1


@needs_program
def test_equals_the_programs_aggregates_of_positions(tmp_path: Path) -> None:
    settings = {"workload.images": 12, "trials": {"chips": 3, "repeats": 2},
                "grid": {"macro.noise.random.sigma": [0, 0.3]}}
    run_sweep(tmp_path / "run", "gpt.yaml", settings)
    expect_the_stored_columns(tmp_path / "run" / "results.h5")
    assert "perplexity_ci_low" in open_store(tmp_path / "run" / "results.h5").points


def test_chips_that_agree_do_not_claim_certainty() -> None:
    table = point_statistics(made_results([[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]], images=100,
                                          deterministic=[0, 1]))
    assert list(table["accuracy_ci_kind"]) == ["resolution", "exact"]
    np.testing.assert_allclose(table["accuracy_ci_low"], [0.495, 0.5], rtol=1e-14)


def test_one_chip_says_nothing() -> None:
    table = point_statistics(made_results([[0.5, np.nan], [np.nan, np.nan], [0.5, 0.6]]))
    assert list(table["accuracy_ci_kind"]) == ["none", "none", "student_t"]
    assert np.isnan(table["accuracy_ci_low"][:2]).all() and table["accuracy"][0] == 0.5
    assert np.isnan(table["accuracy"][1]) and list(table["n_chips"]) == [1, 0, 2]


def test_analysis_of_variance_finds_both_parts() -> None:
    """400 chips of 4 repeats: sd 0.02 between, 0.01 within; 5 standard errors of either estimate."""
    random = np.random.default_rng(7)
    chips = 0.6 + 0.02 * random.normal(size=(1, 400, 1)) + 0.01 * random.normal(size=(1, 400, 4))
    row = point_statistics(made_results(chips, images=100_000)).loc[0]
    assert abs(row["accuracy_between_chip_sd"] - 0.02) < 5 * 0.02 / np.sqrt(2 * 399) * 1.1
    assert abs(row["accuracy_temporal_sd"] - 0.01) < 5 * 0.01 / np.sqrt(2 * 1200)


def test_a_trial_that_misses_images_does_not_count() -> None:
    results = made_results([[0.5, 0.7]])
    results.trials.loc[1, "n_images"] = 999
    assert list(point_statistics(results)["n_chips"]) == [1]


def test_chip_matrix_spreads_deterministic_points() -> None:
    matrix, chips = chip_matrix(made_results([[0.5, np.nan], [0.4, 0.6]], deterministic=[1, 0]))
    assert list(chips) == [0, 1]
    np.testing.assert_array_equal(matrix, [[0.5, 0.5], [0.4, 0.6]])


def test_quantiles_of_student() -> None:
    """mpmath with 40 digits; the function rounds to 12 on purpose."""
    for degrees, value in [(1, 12.706204736174705), (2, 4.302652729749464), (3, 3.1824463052837096),
                           (7, 2.3646242515927854), (30, 2.0422724563012383)]:
        assert student_t_quantile(0.975, degrees) == pytest.approx(value, rel=5e-12)
        assert student_t_quantile(0.025, degrees) == pytest.approx(-value, rel=5e-12)
    with pytest.raises(ValueError, match="no quantile"):
        student_t_quantile(1.0, 3)


def test_t_test_and_interval_agree() -> None:
    values = np.array([0.1, 0.25, 0.13, 0.3])
    low, _ = t_interval(values)
    assert t_test(values - low) == pytest.approx(0.05, abs=1e-9)
    assert t_test([0.0, 0.0]) == 1.0 and t_test([0.1, 0.1]) == 0.0 and np.isnan(t_test([0.1]))


def test_clopper_pearson_and_wilson() -> None:
    """The cases of the program's own tests."""
    low, high = clopper_pearson([0, 1, 10, 19, 37, 0], [10, 10, 10, 20, 37, 0])
    np.testing.assert_allclose(low[:4], [0, 0.0025285785444617848, 0.6915028921812392,
                                         0.7512672372279722], atol=1e-10)
    np.testing.assert_allclose(high[:4], [0.3084971078187608, 0.4450161170281954, 1.0,
                                          0.9987349105020502], atol=1e-10)
    assert low[4] == pytest.approx(0.025 ** (1 / 37), abs=1e-12) and (low[5], high[5]) == (0, 1)
    with pytest.raises(ValueError, match="0..trials"):
        clopper_pearson(3, 2)
    assert wilson_half_width(0.9, 500) == pytest.approx(0.026372173447319194, rel=1e-12)
    assert np.isnan(wilson_half_width(0.5, 0))


def test_paired_difference() -> None:
    """The case of the program's own test; scipy.stats.binomtest(3, 13, 0.5).pvalue."""
    a, b = np.ones(100, bool), np.ones(100, bool)
    b[7 * np.arange(10) + 3] = False
    a[90:93] = False
    found = paired_difference(a, b)
    assert (found.only_a, found.only_b, found.difference) == (10, 3, 0.07)
    assert found.p_value == pytest.approx(0.09228515625, abs=1e-12)
    assert found.interval == pytest.approx((-0.0020254447865352965, 0.13928034674731962), abs=1e-12)
    assert np.isnan(paired_difference_of_counts(0, 0, 0).difference)
    with pytest.raises(ValueError, match="shapes"):
        paired_difference(a, b[:99])
