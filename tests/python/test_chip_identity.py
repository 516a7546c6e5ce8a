# SPDX-License-Identifier: Apache-2.0
"""Chips through whole sweeps: threads and shards leave no trace, a chip repeats itself, two differ."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from mac_cases import ROOT, run
from sweep_cases import finished, needs_data, trials

pytestmark = needs_data
SWEEP = ROOT / "tests" / "python" / "chip_sweep.yaml"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """results.h5 by one thread. Tests read it only."""
    return finished(tmp_path_factory.mktemp("chips") / "run", {}, "--threads", 1, file=SWEEP)


def losses(path: Path) -> np.ndarray:
    """Cross-entropy [point, chip, repeat] in integer steps: equal only where all logits are."""
    table = trials(path)
    out = np.zeros((3, 2, 2), dtype=np.int64)
    out[table["point"], table["chip"], table["repeat"]] = table["cross_entropy"]
    return out


def test_threads_leave_no_trace(results: Path, tmp_path: Path) -> None:
    other = finished(tmp_path / "run", {}, "--threads", 3, file=SWEEP)
    assert other.read_bytes() == results.read_bytes()


def test_shards_leave_no_trace(results: Path, tmp_path: Path) -> None:
    for shard in ("1/3", "2/3", "0/3"):
        finished(tmp_path / "run", {}, "--shard", shard, file=SWEEP)
    merged = run("merge", tmp_path / "run", "-o", tmp_path / "m.h5")
    assert merged.returncode == 0, merged.stderr
    assert (tmp_path / "m.h5").read_bytes() == results.read_bytes()


def test_a_chip_repeats_itself_where_nothing_is_fresh(results: Path) -> None:
    loss = losses(results)
    assert (loss[0, :, 0] == loss[0, :, 1]).all()  # static errors only
    assert (loss[1:, :, 0] != loss[1:, :, 1]).all()  # kT/C is fresh
    assert (loss[:, 0] != loss[:, 1]).all()  # chips differ


def test_paths_are_recorded(results: Path) -> None:
    with h5py.File(results) as file:
        paths = set(file["layers/path"].asstr()[()].ravel())
    assert paths == {"digital", "chip"}


def test_more_chips_add_to_what_is_there(results: Path, tmp_path: Path) -> None:
    finished(tmp_path / "run", {"trials.chips": 1}, file=SWEEP)
    more = finished(tmp_path / "run", {}, "--extend", file=SWEEP)
    assert (losses(more) == losses(results)).all()


# `full` and `counts` are the same ADC at 255 rows and 8 bits, yet two points: equal streams give
# equal trials, streams of their own do not.
@pytest.mark.parametrize("streams", ["shared", "independent"])
def test_noise_streams(tmp_path: Path, streams: str) -> None:
    settings = {
        "zip": {"macro.adc.range": ["full", "counts", [0, 1]], "macro.rows": [255, 255, 255],
                "macro.adc.bits": [8, 8, 9]},
        "noise_streams": streams, "macro.noise.random.sigma": 0.5,
    }
    loss = losses(finished(tmp_path / "run", settings, file=SWEEP))
    assert (loss[0] == loss[1]).all() == (streams == "shared")
