# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import BITS, CHIPS, IMAGES, SIGMAS, accuracies, write_results

from acimsweep import ReplacedError, ResultsError, open_results, open_store


def test_points_carry_parameters_and_aggregates(results_path: Path) -> None:
    results = open_results(results_path)
    assert results.parameters == ["macro.adc.bits", "macro.noise.random.sigma"]
    assert results.units["macro.noise.random.sigma"] == "lsb"
    assert list(results.points.index) == list(range(9))
    row = results.points.loc[4]
    assert row["macro.adc.bits"] == 6 and row["macro.noise.random.sigma"] == 0.25
    assert row["accuracy"] == pytest.approx(accuracies(6, 0.25).mean() / IMAGES)
    assert isinstance(row["point_json"], str)


def test_trials_and_bits_agree(results_path: Path) -> None:
    results = open_results(results_path)
    assert len(results.trials) == 9 * CHIPS
    for row, correct in enumerate(results.trials["correct"]):
        bits = results.correct(row)
        assert bits.shape == (IMAGES,) and bits.sum() == correct
        assert bits[:correct].all()


def test_layers_and_attributes(results_path: Path) -> None:
    results = open_results(results_path)
    assert list(results.layers["layer"][:3]) == ["conv1", "fc", "conv1"]
    assert results.attrs["seed"] == 7 and results.attrs["title"] == "test sweep"
    assert results.sweep_text.startswith("name:")


def test_grid_as_xarray(results_path: Path) -> None:
    grid = open_results(results_path).to_xarray()
    assert grid.sizes == {"macro.adc.bits": 3, "macro.noise.random.sigma": 3}
    for bits in BITS:
        for sigma in SIGMAS:
            place = {"macro.adc.bits": bits, "macro.noise.random.sigma": sigma}
            assert float(grid["accuracy"].sel(place)) == pytest.approx(accuracies(bits, sigma).mean() / IMAGES)


def test_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="schema_version 2 .this package reads 1"):
        open_results(write_results(tmp_path / "newer.h5", version=2))
    with pytest.raises(ResultsError, match="not a results file of acimsweep.*'other'"):
        open_results(write_results(tmp_path / "other.h5", schema="other"))
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file["x"] = np.arange(3)
    with pytest.raises(ResultsError, match="no attribute schema_name"):
        open_results(tmp_path / "plain.h5")
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(ResultsError, match="not an HDF5 file"):
        open_results(tmp_path / "text.h5")
    with pytest.raises(FileNotFoundError, match="no such file"):
        open_results(tmp_path / "absent.h5")


@pytest.mark.skipif("ACIM_RESULTS" not in os.environ, reason="ACIM_RESULTS names no results file")
def test_real_file() -> None:
    results = open_results(os.environ["ACIM_RESULTS"])
    assert len(results.points) > 0 and len(results.trials) > 0
    assert {"point", "chip", "repeat", "first_image", "n_images", "correct"} <= set(results.trials)
    assert results.parameters
    for row, correct in enumerate(results.trials["correct"]):
        assert results.correct(row).sum() == correct
    sums = results.trials.groupby("point")[["correct", "n_images"]].sum()
    accuracy = sums["correct"] / sums["n_images"]
    np.testing.assert_allclose(
        results.points["accuracy"].loc[accuracy.index], accuracy, rtol=0, atol=1e-12
    )


def test_tables_are_read_at_first_use(results_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = open_store(results_path)
    read = []
    original = h5py.Dataset.__getitem__
    monkeypatch.setattr(h5py.Dataset, "__getitem__",
                        lambda self, *a, **k: read.append(self.name) or original(self, *a, **k))
    assert results.parameters and results.units and not read
    results.layers
    assert read and all(name.startswith("/layers") for name in read)
    assert results.layers is results.layers
    results.bits(np.array([2, 0]))
    assert read[-1] == "/trials/correct_bits" and "correct_bits" not in vars(results)


def test_rows_of_bits_come_in_the_given_order(results_path: Path) -> None:
    rows = np.array([5, 0, 5, 20])
    some = open_store(results_path).bits(rows)
    np.testing.assert_array_equal(some, open_store(results_path).correct_bits[rows])


def test_a_replaced_file_is_not_mixed(results_path: Path, tmp_path: Path) -> None:
    results = open_store(results_path)
    assert len(results.points) == 9
    write_results(tmp_path / "new.h5")
    os.replace(tmp_path / "new.h5", results_path)
    assert len(results.points) == 9  # what was read stays
    with pytest.raises(ReplacedError, match="was replaced after it was opened. Open it again"):
        results.trials
    with pytest.raises(ReplacedError):
        results.correct_bits
    results_path.unlink()
    with pytest.raises(ReplacedError):
        results.layers


def test_trials_as_xarray(results_path: Path) -> None:
    results = open_store(results_path)
    grid = results.trials_xarray()
    assert grid.sizes == {"point": 9, "chip": CHIPS, "repeat": 1}
    assert grid["accuracy"].attrs["units"] == "1"
    assert grid["macro.noise.random.sigma"].attrs["units"] == "lsb"
    one = grid.sel(point=4, repeat=0)
    np.testing.assert_allclose(one["accuracy"], accuracies(6, 0.25) / IMAGES)
    assert float(one["macro.adc.bits"]) == 6
    assert results.to_xarray()["macro.noise.random.sigma"].attrs["units"] == "lsb"
