# SPDX-License-Identifier: Apache-2.0
"""Pinned trial data: any change of a bit of a result fails here.

A change that is meant raises model_version; then print the new constants with

    ACIM_UPDATE_GOLDEN=1 python3 -m pytest -s tests/python/test_run_golden.py
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from sweep_cases import QUICKSTART, SMALL, finished, needs_data, trials

pytestmark = needs_data

UPDATE = os.environ.get("ACIM_UPDATE_GOLDEN") == "1"

# One column a point: every sampling path, serial and parallel cycles, hybrid, both mappings, both
# noises, every kind of range.
POINTS = {
    "macro.adc.bits": [8, 6, 7, 7, 8, 7, 6, 9, 8],
    "macro.adc.range": ["full", "full", "full", "full", "full", [0.0, 0.25], "counts", "full",
                        "full"],
    "macro.noise.random.sigma": [0, 0, 0.5, 0.5, 0.25, 0.5, 0, 0.5, 0.15],
    "macro.noise.nonlinear.sigma": [0, 0, 0, 0, 0.05, 0.05, 0, 0, 0],
    "macro.bits_per_cycle": [1, 1, 1, 1, 4, 3, 1, 8, 1],
    "macro.hybrid.levels": [0, 0, 0, 0, 2, 0, 3, 0, 1],
    "macro.mapping": ["whole_channels", "dense", "dense", "dense", "dense", "whole_channels",
                      "dense", "dense", "whole_channels"],
    "macro.rows": [255, 255, 255, 255, 128, 255, 63, 200, 255],
    "path": ["auto", "auto", "auto", "fixed", "auto", "auto", "auto", "auto", "auto"],
}
MIXED = {
    "workload.images": 40, "quantisation.images": 64, "quantisation.per_channel": True,
    "trials.chips": 2, "trials.repeats": 2, "grid": {}, "zip": POINTS,
}
MIXED_SHA256 = "83148a3d7f16c1a4bf728a6738c8b2660dd4b63ee22c5761062affb6245f66d7"
MIXED_PATHS = "ppppp lllll ttttt fffff ttttt ttttt lllll fffff eeeee"

# Correct images of some points of quickstart.yaml: (ADC bits, sigma) to the counts of 2 chips, of
# 500 images each.
QUICK = {"grid.macro.adc.bits": [6, 8, 10], "grid.macro.noise.random.sigma": [0, 0.06],
         "trials.chips": 2}
QUICK_CORRECT = {
    (6, 0.0): [191, 191], (6, 0.06): [90, 83],
    (8, 0.0): [459, 459], (8, 0.06): [459, 461],
    (10, 0.0): [459, 459], (10, 0.06): [376, 362],
}
QUICK_BASELINE = (462, 459)  # float, noise-free quantised


def digest(results: Path) -> str:
    """SHA-256 of everything that a trial computed, in the order of the file: integers only."""
    table = trials(results)
    sha = hashlib.sha256()
    for name in ("point", "chip", "repeat", "first_image", "n_images", "correct", "agree",
                 "cross_entropy", "bits"):
        sha.update(name.encode() + np.ascontiguousarray(table[name], "<i8").tobytes())
    return sha.hexdigest()


def paths(results: Path) -> str:
    """Sampling paths of the layers, by the first letter, a word a point."""
    with h5py.File(results) as file:
        point, path = file["layers/point"][()], file["layers/path"].asstr()[()]
    return " ".join("".join(name[0] for name in path[point == p]) for p in range(point.max() + 1))


def test_mixed_sweep(tmp_path: Path) -> None:
    results = finished(tmp_path / "run", MIXED)
    if UPDATE:
        print(f'\nMIXED_SHA256 = "{digest(results)}"\nMIXED_PATHS = "{paths(results)}"')
        return
    assert paths(results) == MIXED_PATHS
    assert {letter for letter in MIXED_PATHS} == set("pltfe ")  # product, lut, table, fixed, events
    assert digest(results) == MIXED_SHA256


def test_table_and_fixed_path_are_two_samples_of_one_law(tmp_path: Path) -> None:
    """Points 2 and 3 differ in the path alone: other random numbers, equal laws. With 5 chips of 40
    images the accuracies differ by less than 0.15 (5 standard deviations of the difference)."""
    settings = MIXED | {"trials.chips": 5, "trials.repeats": 1,
                        "zip": {key: values[2:4] for key, values in POINTS.items()}}
    table = trials(finished(tmp_path / "run", settings))
    first, second = (table["correct"][table["point"] == p] for p in (0, 1))
    assert not np.array_equal(table["cross_entropy"][:5], table["cross_entropy"][5:])
    assert abs(first.mean() - second.mean()) / 40 < 0.15


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("quick") / "run", QUICK, file=QUICKSTART)


def correct_counts(results: Path) -> dict[tuple[int, float], list[int]]:
    table = trials(results)
    with h5py.File(results) as file:
        bits, sigma = file["macro.adc.bits"][()], file["macro.noise.random.sigma"][()]
    return {(int(bits[p]), float(sigma[p])): table["correct"][table["point"] == p].tolist()
            for p in range(len(bits))}


def test_correct_images_of_quickstart(quick: Path) -> None:
    counts = correct_counts(quick)
    with h5py.File(quick) as file:
        baseline = tuple(round(500 * file[name][0]) for name in ("float_accuracy",
                                                                 "baseline_accuracy"))
    if UPDATE:
        print(f"\nQUICK_CORRECT = {counts}\nQUICK_BASELINE = {baseline}")
        return
    assert baseline == QUICK_BASELINE
    assert counts == QUICK_CORRECT


def test_quickstart_shows_a_knee(quick: Path) -> None:
    """A point within one point of the digital network, another at least ten below."""
    digital = QUICK_BASELINE[1] / 500
    means = {key: np.mean(values) / 500 for key, values in correct_counts(quick).items()}
    assert max(means.values()) > digital - 0.01
    assert min(means.values()) < digital - 0.10


def test_other_seed_gives_other_noise(quick: Path, tmp_path: Path) -> None:
    """Only points with noise depend on the seed."""
    one = SMALL | {"grid.macro.adc.bits": [7]}
    a = trials(finished(tmp_path / "a", one))
    b = trials(finished(tmp_path / "b", one | {"seed": 2}))
    noisy = a["point"] == 1
    assert np.array_equal(a["cross_entropy"][~noisy], b["cross_entropy"][~noisy])
    assert len(set(a["cross_entropy"][~noisy])) == 1
    both = np.concatenate([a["cross_entropy"][noisy], b["cross_entropy"][noisy]])
    assert len(set(both)) == 8  # each chip and repeat draws its own
