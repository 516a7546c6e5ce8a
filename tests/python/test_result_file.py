# SPDX-License-Identifier: Apache-2.0
"""Opens a real results file with h5py, pandas and xarray, as docs/result_format.md tells users.

The file comes from ACIM_RESULTS, else from the program test_store_fixture in the build folder of
ACIM_COMMAND (or named by ACIM_STORE_FIXTURE), which writes one.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr

TRIAL_COLUMNS = [
    "point", "chip", "repeat", "first_image", "n_images", "correct", "agree", "cross_entropy",
]  # fmt: skip


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = os.environ.get("ACIM_RESULTS")
    if path:
        return Path(path)
    command = os.environ.get("ACIM_COMMAND", "")
    program = Path(
        os.environ.get("ACIM_STORE_FIXTURE")
        or Path(command).parent / "tests" / "store" / "test_store_fixture"
    )
    if not program.is_file():
        pytest.skip(f"no results file: set ACIM_RESULTS, or build {program.name}")
    path = tmp_path_factory.mktemp("results") / "results.h5"
    subprocess.run([program, str(path), "3"], check=True)
    return path


def test_h5py_reads_attributes_and_columns_in_order(results: Path) -> None:
    with h5py.File(results) as file:
        assert file.attrs["schema_name"] == "acimsweep"
        assert file.attrs["schema_version"] == 1
        assert file.attrs["sweep_complete"] in (0, 1)
        assert len(file.attrs["plan_sha256"]) == 64
        columns = [name for name, item in file["/"].items() if isinstance(item, h5py.Dataset)]
        assert columns[0] == "point"
        for name in columns[1:]:
            assert file[name].dims[0].keys() == ["point"], name
        roles = [file[name].attrs["role"] for name in columns[1:]]
        assert roles == sorted(roles, key=["parameter", "identity", "aggregate"].index)
        assert isinstance(file["point_id"].asstr()[0], str)
        assert file["provenance/sweep_yaml"].asstr()[()]


def test_h5py_packed_bits_agree_with_the_counts(results: Path) -> None:
    with h5py.File(results) as file:
        trials = file["trials"]
        bits = np.unpackbits(trials["correct_bits"][...], axis=1, bitorder="little")
        assert np.array_equal(bits.sum(axis=1), trials["correct"][...])
        beyond = np.arange(bits.shape[1]) >= trials["n_images"][...][:, None]
        assert not bits[beyond].any()


def test_trials_are_sorted_and_unique(results: Path) -> None:
    with h5py.File(results) as file:
        keys = [tuple(row) for row in zip(*(file["trials"][n][...] for n in TRIAL_COLUMNS[:4]))]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf"])
def test_xarray_reads_every_group(results: Path, engine: str) -> None:
    pytest.importorskip("netCDF4" if engine == "netcdf4" else engine)
    points = xr.load_dataset(results, engine=engine)
    assert list(points.sizes) == ["point"]
    assert points["point"].values.tolist() == list(range(points.sizes["point"]))
    parameters = [n for n, v in points.items() if v.attrs.get("role") == "parameter"]
    with h5py.File(results) as file:
        for name in parameters:
            want = file[name].asstr()[...] if file[name].dtype == object else file[name][...]
            np.testing.assert_array_equal(points[name].values, want)
    trials = xr.load_dataset(results, group="trials", engine=engine)
    assert list(trials.sizes) == ["row", "byte"]
    assert set(TRIAL_COLUMNS) < set(trials.variables)
    layers = xr.load_dataset(results, group="layers", engine=engine)
    assert layers["point"].dims == ("row",)
    assert layers["layer"].dtype == object


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_xarray_unstacks_trials_by_point_and_chip(results: Path) -> None:
    trials = xr.load_dataset(results, group="trials")[[*TRIAL_COLUMNS[:4], "correct"]]
    cube = trials.set_index(row=TRIAL_COLUMNS[:4]).unstack("row")
    assert int(cube["correct"].sum()) == int(trials["correct"].sum())


def test_pandas_columns_and_groupby(results: Path) -> None:
    with h5py.File(results) as file:
        trials = pd.DataFrame({name: file["trials"][name][...] for name in TRIAL_COLUMNS})
        points = file["point"].shape[0]
    by_chip = trials.groupby(["point", "chip"])[["correct", "n_images"]].sum()
    assert ((by_chip["correct"] >= 0) & (by_chip["correct"] <= by_chip["n_images"])).all()
    assert trials["point"].between(0, points - 1).all()


@pytest.mark.filterwarnings("ignore::Warning")
def test_pandas_read_hdf_reads_the_mirror(results: Path) -> None:
    pytest.importorskip("tables", reason="pandas.read_hdf needs python3-tables")
    table = pd.read_hdf(results, "tables/points")
    with h5py.File(results) as file:
        assert len(table) == file["point"].shape[0]
        for name in table.columns:
            if table[name].dtype != object:
                np.testing.assert_array_equal(table[name], file[name][...])
            else:
                assert table[name].tolist() == file[name].asstr()[...].tolist()
