# SPDX-License-Identifier: Apache-2.0
"""A small results file, written with h5py as docs/result_format.md describes it."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

BITS = [5, 6, 8]
SIGMAS = [0.0, 0.25, 0.5]
IMAGES = 20
CHIPS = 3


def accuracies(bits: int, sigma: float) -> np.ndarray:
    """Correct images of each chip [CHIPS]; the last chip of a noisy point is one image worse."""
    correct = 18 - {5: 9, 6: 3, 8: 0}[bits] - int(8 * sigma)
    return np.array([correct, correct, correct - (sigma > 0)])


def write_results(path: Path, version: int = 1, schema: str = "acimsweep") -> Path:
    """A grid of ADC bits and noise sigma, one image block for each trial."""
    grid = [(b, s) for b in BITS for s in SIGMAS]
    correct = np.array([accuracies(b, s) for b, s in grid])
    text = h5py.string_dtype()
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs["schema_name"] = schema
        file.attrs["schema_version"] = np.int64(version)
        file.attrs["title"] = "test sweep"
        file.attrs["seed"] = np.uint64(7)
        file.attrs["sweep_complete"] = np.int8(1)

        def column(group, name, values, units="1", **attributes):
            dtype = text if isinstance(values[0], str) else None
            dataset = group.create_dataset(name, data=values, dtype=dtype)
            dataset.attrs["units"] = units
            for key, value in attributes.items():
                dataset.attrs[key] = value
            return dataset

        n = len(grid)
        column(file, "point", np.arange(n, dtype=np.int64)).make_scale("point")
        for name, i, units in (("macro.adc.bits", 0, "1"), ("macro.noise.random.sigma", 1, "lsb")):
            values = np.array([g[i] for g in grid])
            column(file, name, values, units, role="parameter", spec_path=name)
        column(file, "point_id", [f"{i:064x}" for i in range(n)], "")
        column(file, "point_json", [json.dumps({"b": b, "s": s}) for b, s in grid], "")
        means = correct.mean(axis=1) / IMAGES
        aggregates = {
            "accuracy": means,
            "accuracy_ci_low": means - 0.02,
            "accuracy_ci_high": means + 0.02,
            "tops_per_watt": np.array([20.0 - 2 * b for b, _ in grid]),
        }
        for name, values in aggregates.items():
            column(file, name, values, role="aggregate")

        trials = file.create_group("trials", track_order=True)
        column(trials, "point", np.repeat(np.arange(n), CHIPS))
        column(trials, "chip", np.tile(np.arange(CHIPS), n))
        column(trials, "repeat", np.zeros(n * CHIPS, np.int64))
        column(trials, "first_image", np.zeros(n * CHIPS, np.int64))
        column(trials, "n_images", np.full(n * CHIPS, IMAGES))
        column(trials, "correct", correct.ravel())
        bits = np.arange(IMAGES) < correct.reshape(-1, 1)
        trials.create_dataset("correct_bits", data=np.packbits(bits, axis=1, bitorder="little"))

        layers = file.create_group("layers", track_order=True)
        column(layers, "point", np.repeat(np.arange(n), 2))
        column(layers, "layer", ["conv1", "fc"] * n, "")
        column(layers, "conversions", np.full(2 * n, 1000))
        file.create_dataset("provenance/sweep_yaml", data="name: test sweep\n", dtype=text)
    return path


@pytest.fixture
def results_path(tmp_path: Path) -> Path:
    return write_results(tmp_path / "results.h5")
