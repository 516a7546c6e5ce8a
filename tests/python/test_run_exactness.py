# SPDX-License-Identifier: Apache-2.0
"""What must hold for the real network without a tolerance, and what the results file offers."""

from __future__ import annotations

from pathlib import Path

import h5py
import netCDF4  # noqa: F401  (before h5py's first file: both bring an HDF5 library)
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sweep_cases import SMALL, finished, needs_data, trials

pytestmark = needs_data

# 40 images, one noise-free macro; 255 rows and 8 bits have a code per cell: nothing is lost.
LOSSLESS = SMALL | {"grid": {}, "trials.chips": 1, "trials.repeats": 1,
                    "macro.noise.random.sigma": 0, "macro.adc.bits": 8}
for key in ("grid.macro.adc.bits", "grid.macro.noise.random.sigma"):
    del LOSSLESS[key]

DIGITAL = LOSSLESS | {"layers": [{"match": "*", "analog": False}]}


def layer_table(results: Path) -> pd.DataFrame:
    with h5py.File(results) as file:
        layers = file["layers"]
        return pd.DataFrame({name: (data.asstr()[()] if data.dtype == object else data[()])
                             for name, data in layers.items() if name != "row"})


@pytest.fixture(scope="module")
def digital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All layers digital: the noise-free quantised network itself."""
    return finished(tmp_path_factory.mktemp("digital") / "run", DIGITAL)


def assert_equals_digital(results: Path, digital: Path) -> None:
    mine, exact = trials(results), trials(digital)
    assert np.array_equal(mine["agree"], mine["n_images"])
    for row in range(len(mine["bits"])):
        assert np.array_equal(mine["bits"][row], exact["bits"][0])
        # Not only the class: the logits are equal, to the last bit of the loss.
        assert mine["cross_entropy"][row] == exact["cross_entropy"][0]
    errors = layer_table(results)
    assert (errors["error_sd"] == 0).all() and (errors["error_mean"] == 0).all()


def test_all_layers_digital(digital: Path) -> None:
    table = trials(digital)
    assert np.array_equal(table["agree"], table["n_images"])
    with h5py.File(digital) as file:
        assert file["accuracy"][0] == file["baseline_accuracy"][0]
        assert file["conversions"][0] == 0 and file["energy_adc"][0] == 0
        assert file["deterministic"][0] == 1
    assert set(layer_table(digital)["path"]) == {"digital"}


@pytest.mark.parametrize(("macro", "path"), [
    ({}, "product"),
    ({"macro.mapping": "dense"}, "product"),
    ({"macro.rows": 127, "macro.adc.bits": 7}, "product"),
    ({"macro.rows": 100, "macro.adc.range": "counts"}, "product"),
    ({"macro.hybrid.levels": 16, "macro.adc.bits": 3}, None),
    # Noise that never reaches the next code, 50 standard deviations away, through both samplers.
    ({"path": "table", "macro.noise.random.sigma": 0.01}, "table"),
    ({"path": "fixed", "macro.noise.random.sigma": 0.01}, "fixed"),
    ({"macro.bits_per_cycle": 2, "macro.rows": 85, "macro.adc.bits": 8}, "product"),
    # With a remainder cycle of 2 bits.
    ({"macro.bits_per_cycle": 3, "macro.rows": 585, "macro.adc.bits": 12,
      "macro.adc.range": "counts"}, "product"),
    ({"macro.bits_per_cycle": 4, "macro.rows": 273, "macro.adc.bits": 12}, "product"),
])
def test_lossless_adc_equals_the_digital_network(tmp_path: Path, digital: Path, macro: dict,
                                                 path: str | None) -> None:
    results = finished(tmp_path / "run", LOSSLESS | macro)
    assert_equals_digital(results, digital)
    if path is not None:
        assert set(layer_table(results)["path"]) == {path}


def test_one_bit_less_is_not_lossless(tmp_path: Path, digital: Path) -> None:
    """The comparison above can fail."""
    results = finished(tmp_path / "run", LOSSLESS | {"macro.adc.bits": 7})
    assert (layer_table(results)["error_sd"] > 0).all()
    assert trials(results)["cross_entropy"][0] != trials(digital)["cross_entropy"][0]


def test_first_and_last_layer_digital(tmp_path: Path) -> None:
    noisy = LOSSLESS | {"macro.noise.random.sigma": 0.3}
    rules = [{"match": "conv1", "analog": False}, {"match": "fc3", "analog": False}]
    some = layer_table(finished(tmp_path / "some", noisy | {"layers": rules}))
    every = layer_table(finished(tmp_path / "every", noisy))
    assert list(some["layer"]) == ["conv1", "conv2", "fc1", "fc2", "fc3"]
    assert list(some["path"]) == ["digital", "table", "table", "table", "digital"]
    assert set(every["path"]) == {"table"}
    assert (some["error_sd"][[0, 4]] == 0).all() and (some["error_sd"][[1, 2, 3]] > 0).all()
    assert (some["conversions"][[0, 4]] == 0).all()
    assert (some["conversions"][1:4].to_numpy() == every["conversions"][1:4].to_numpy()).all()


def test_a_rule_for_one_layer(tmp_path: Path) -> None:
    rules = [{"match": "fc*", "macro": {"adc": {"bits": 6}}},
             {"match": "fc3", "macro": {"adc": {"bits": 8}}}]  # later entries win
    table = layer_table(finished(tmp_path / "run", LOSSLESS | {"layers": rules}))
    assert list(table["error_sd"] > 0) == [False, False, True, True, False]
    bits = [{"match": "conv2", "weight_bits": 4, "activation_bits": 5}]
    table = layer_table(finished(tmp_path / "bits", LOSSLESS | {"layers": bits}))
    whole = layer_table(finished(tmp_path / "whole", LOSSLESS))
    assert table["conversions"][1] * 64 == whole["conversions"][1] * 20


def test_images_count_by_index_and_not_by_block(tmp_path: Path) -> None:
    """The first 40 images of a longer trial get the noise that they get alone."""
    noisy = LOSSLESS | {"macro.noise.random.sigma": 0.3}
    short = trials(finished(tmp_path / "short", noisy))
    long = trials(finished(tmp_path / "long", noisy | {"workload.images": 56}))
    assert short["bits"][0].tolist() == long["bits"][0][:5].tolist()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("results") / "run",
                    SMALL | {"workload.images": 43, "grid.macro.adc.bits": [7, 8]})


def test_h5py(results: Path) -> None:
    with h5py.File(results) as file:
        assert file["macro.adc.bits"][()].tolist() == [7, 7, 8, 8]
        assert file["macro.noise.random.sigma"][()].tolist() == [0, 0.5, 0, 0.5]
        assert file["macro.adc.bits"].attrs["spec_path"] == "macro.adc.bits"
        assert file.attrs["seed"] == 1 and file.attrs["images"] == 43
        assert file.attrs["sweep_complete"] == 1
        assert "name: lenet" in file["provenance/sweep_yaml"].asstr()[()]
        assert set(file["status"].asstr()[()]) == {"done"}


def test_correct_bits_unpack_to_correct(results: Path) -> None:
    table = trials(results)
    for row in range(16):
        bits = np.unpackbits(table["bits"][row].astype(np.uint8), bitorder="little")
        assert bits[:43].sum() == table["correct"][row]
        assert not bits[43:].any()
    with h5py.File(results) as file:
        by_hand = [table["correct"][table["point"] == p].sum() / 172 for p in range(4)]
        assert np.allclose(file["accuracy"][()], by_hand, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:object name is not a valid Python identifier")
def test_pandas(results: Path) -> None:
    points = pd.read_hdf(results, "tables/points")
    with h5py.File(results) as file:
        assert np.array_equal(points["accuracy"], file["accuracy"][()])
    assert len(points) == 4


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf"])
def test_xarray(results: Path, engine: str) -> None:
    with xr.open_dataset(results, engine=engine) as data:
        assert data["accuracy"].dims == ("point",)
        assert data["accuracy"].attrs["units"] == "1"
        assert data["macro.adc.bits"].values.tolist() == [7, 7, 8, 8]
    with xr.open_dataset(results, engine=engine, group="trials") as data:
        assert int(data["n_images"].sum()) == 16 * 43


def test_interval_kinds(results: Path) -> None:
    with h5py.File(results) as file:
        kinds, noise_free = file["accuracy_ci_kind"].asstr()[()], file["deterministic"][()]
        low, high, mean = (file[n][()] for n in ("accuracy_ci_low", "accuracy_ci_high", "accuracy"))
    assert noise_free.tolist() == [1, 0, 1, 0]
    assert (kinds[[0, 2]] == "exact").all() and not (kinds[[1, 3]] == "exact").any()
    assert (low[[0, 2]] == mean[[0, 2]]).all() and (low[[1, 3]] < high[[1, 3]]).all()
