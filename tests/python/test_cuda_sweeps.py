# SPDX-License-Identifier: Apache-2.0
"""Every ready sweep, cut to its first and its last point: the CUDA engine writes the CPU's bytes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from cuda_cases import Program, stored_values
from mac_cases import ROOT
from sweep_cases import attempts, finished, needs_data

pytestmark = needs_data

SWEEPS = sorted((ROOT / "sweeps").glob("*.yaml"))
CUT = {"workload.images": 8, "quantisation.images": 8, "trials.chips": 1, "trials.repeats": 1}

# Images of networks that an emulated device takes longer than half a minute for: 2 s an image.
EMULATED_IMAGES = {"cr_cim": 4}


def ends(axis: list | dict) -> list:
    """First and last value of an axis (docs/sweep_format.md)."""
    if isinstance(axis, list):
        return [axis[0], axis[-1]]
    ((kind, (first, last, step)),) = axis.items()
    return [first, first + (math.ceil((last - first) / step) - 1) * step if kind == "range"
            else last]


def first_and_last(file: Path) -> dict[str, object]:
    """Settings that leave these two points of a sweep."""
    sweep = yaml.safe_load(file.read_text(encoding="utf-8"))
    axes = sweep.get("grid", {}) | sweep.get("zip", {})
    return {"grid": {}, "zip": {name: ends(axis) for name, axis in axes.items()}}


@pytest.mark.parametrize("file", SWEEPS, ids=lambda file: file.stem)
def test_equal_bytes(tmp_path: Path, cuda: Program, file: Path) -> None:
    """results.h5, and what the segments hold of every unit."""
    settings = CUT | first_and_last(file)
    if cuda.emulated:
        settings["workload.images"] = EMULATED_IMAGES.get(file.stem, 8)
    results = cuda.finished(tmp_path / "cuda", settings, file=file)
    expected = finished(tmp_path / "cpu", settings, "--engine", "cpu", file=file)
    units = stored_values(tmp_path / "cuda")
    assert len(units) == 2
    assert units == stored_values(tmp_path / "cpu")
    assert results.read_bytes() == expected.read_bytes()
    (attempt,) = attempts(tmp_path / "cuda")
    assert attempt["engine"].startswith("cuda, 1 device: " if cuda.emulated else "cuda, ")
