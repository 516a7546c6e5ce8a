# SPDX-License-Identifier: Apache-2.0
"""Runs small real sweeps (LeNet, Fashion-MNIST) with the real program, for these tests."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from mac_cases import ROOT, binary, run

QUICKSTART = ROOT / "sweeps" / "quickstart.yaml"
SWEEP = ROOT / "tests" / "python" / "lenet_sweep.yaml"
IMAGES = Path("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")
LABELS = Path("/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz")

needs_data = pytest.mark.skipif(
    not IMAGES.exists(), reason="Fashion-MNIST is missing: apt-get install dataset-fashion-mnist")

# lenet_sweep.yaml cut down to 4 points x 2 chips x 2 repeats = 16 units of 40 images.
SMALL = {
    "workload.images": 40, "quantisation.images": 64, "trials.chips": 2, "trials.repeats": 2,
    "grid.macro.adc.bits": [6, 8], "grid.macro.noise.random.sigma": [0, 0.5],
}
SMALL_UNITS = 16

# 4 points x 40 chips x 4 repeats = 640 units of 4 images: a segment after every 256 of them.
MANY = SMALL | {"workload.images": 4, "trials.chips": 40, "trials.repeats": 4}
MANY_UNITS = 640


def set_options(settings: dict[str, object]) -> list[str]:
    """These keys as --set options; JSON is YAML."""
    texts = {key: value if isinstance(value, str) else json.dumps(value)
             for key, value in settings.items()}
    return [word for key, text in texts.items() for word in ("--set", f"{key}={text}")]


def sweep(folder: Path, settings: dict[str, object], *options: object,
          file: Path = SWEEP) -> subprocess.CompletedProcess[str]:
    """`acimsweep run` of the file with these settings into the folder."""
    return run("run", file, "-o", folder, "-q", *set_options(settings), *options)


def finished(folder: Path, settings: dict[str, object], *options: object,
             file: Path = SWEEP) -> Path:
    """The same, expected to succeed: the results file (which a shard does not write)."""
    result = sweep(folder, settings, *options, file=file)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return folder / "results.h5"


def start(folder: Path, settings: dict[str, object], *options: object,
          file: Path = SWEEP) -> subprocess.Popen[str]:
    """`acimsweep run` in the background."""
    command = [binary(), "run", file, "-o", folder, "-q", *set_options(settings), *options]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Looks every 5 ms; False where the time is over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "segments").glob("[!.]*.h5"))


def stored_units(folder: Path) -> list[tuple]:
    """(point id, chip, repeat, first image) of every stored unit, as often as it is stored."""
    units = []
    for path in segments(folder):
        with h5py.File(path) as file:
            ids, trials = file["point_id"].asstr()[()], file["trials"]
            columns = [trials[name][()] for name in ("point", "chip", "repeat", "first_image")]
        units += [(ids[p], c, r, i) for p, c, r, i in zip(*map(np.ndarray.tolist, columns))]
    return units


def attempts(folder: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted((folder / "runs").glob("*.json"))]


def units_run(folder: Path) -> int:
    """Units that all finished attempts in this directory say they ran."""
    return sum(attempt["units_done"] for attempt in attempts(folder))


def trials(results: Path) -> dict[str, np.ndarray]:
    """The table of trials, with `id`, the point by its identity."""
    with h5py.File(results) as file:
        out = {name: data[()] for name, data in file["trials"].items() if name != "correct_bits"}
        out["bits"] = np.array([list(row) for row in file["trials/correct_bits"]])
        out["id"] = file["point_id"].asstr()[()][out["point"]]
    return out


def write_idx(path: Path, values: np.ndarray) -> Path:
    """An uncompressed IDX file of bytes."""
    head = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    path.write_bytes(head + values.astype(np.uint8).tobytes())
    return path


def assert_fails(result: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    """One line on standard error that holds the parts, and no result on standard output."""
    assert result.returncode == code, (result.returncode, result.stderr)
    assert result.stdout == ""
    assert result.stderr.startswith("acimsweep: ")
    assert result.stderr.count("\n") == 1, result.stderr
    for part in parts:
        assert part in result.stderr, result.stderr


def environment(**changes: str) -> dict[str, str]:
    return dict(os.environ) | changes
