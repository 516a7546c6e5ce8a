# SPDX-License-Identifier: Apache-2.0
"""ADC ranges calibrated per layer: every shard converts alike, and coarse ADCs gain by them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from mac_cases import run
from sweep_cases import SMALL, finished, needs_data, start, sweep, units_run

pytestmark = needs_data

# Three ranges at 5 bits and 0.25 LSB of noise.
RANGES = {key: value for key, value in SMALL.items() if not key.startswith("grid.")} | {
    "grid": {"macro.adc.range": ["full", "csnr", {"percentile": 99.9}]},
    "macro.adc.bits": 5, "macro.noise.random.sigma": 0.25}
UNITS = 12  # 3 points x 2 chips x 2 repeats, one block of 40 images each


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory by one thread. Tests read it only."""
    folder = tmp_path_factory.mktemp("ranges") / "run"
    finished(folder, RANGES, "--threads", 1)
    return folder


def range_files(folder: Path) -> list[Path]:
    return sorted((folder / "networks").glob("ranges-*.json"))


def test_two_shards_at_once_give_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    shards = [start(folder, RANGES, "--shard", f"{i}/2", "--threads", i + 1)
              for i, folder in enumerate(folders)]
    for shard in shards:
        _, errors = shard.communicate(timeout=200)
        assert shard.returncode == 0, errors
    for folder in folders:
        assert [path.name for path in range_files(folder)] == [p.name for p in range_files(whole)]
        for mine, other in zip(range_files(folder), range_files(whole)):
            assert mine.read_bytes() == other.read_bytes()
    merged = run("merge", *folders, "-o", tmp_path / "all.h5")
    assert merged.returncode == 0, merged.stderr
    assert (tmp_path / "all.h5").read_bytes() == (whole / "results.h5").read_bytes()


@pytest.mark.parametrize("loss", ["kept", "removed", "damaged"])
def test_resumes_whatever_became_of_the_windows(whole: Path, tmp_path: Path, loss: str) -> None:
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    files = {path: path.read_bytes() for path in range_files(folder)}
    assert len(files) == 2  # one of csnr, one of percentile
    for path, content in files.items():
        if loss == "removed":
            path.unlink()
        elif loss == "damaged":
            path.write_bytes(content[:-100])
    result = sweep(folder, RANGES)
    assert result.returncode == 0, result.stderr
    assert units_run(folder) == UNITS  # by the first attempt
    assert (folder / "results.h5").read_bytes() == (whole / "results.h5").read_bytes()
    assert {path: path.read_bytes() for path in range_files(folder)} == files


def test_windows_stand_in_the_results(whole: Path) -> None:
    with h5py.File(whole / "results.h5") as file:
        layers = {name: file["layers"][name][()]
                  for name in ("point", "layer", "adc_lo", "adc_hi", "csnr")}
        ranges = file["macro.adc.range"].asstr()[()]
    assert list(ranges)[:2] == ["full", "csnr"]
    full, csnr, percentile = (layers["point"] == p for p in range(3))
    assert np.isnan(layers["adc_lo"][full]).all() and np.isnan(layers["adc_hi"][full]).all()
    for mask in (csnr, percentile):
        assert (layers["adc_lo"][mask] >= 0).all()
        assert (layers["adc_hi"][mask] > layers["adc_lo"][mask]).all()
        assert (layers["adc_hi"][mask] <= 1).all()
    assert (layers["adc_lo"][percentile] == 0).all()
    for path in range_files(whole):
        content = json.loads(path.read_text())
        mask = csnr if "csnr" in content["layers"][0] else percentile
        units = [[lo * 65536, hi * 65536]
                 for lo, hi in zip(layers["adc_lo"][mask], layers["adc_hi"][mask])]
        assert units == content["windows"]


def test_coarse_adcs_gain_in_every_layer(whole: Path) -> None:
    """Sums of real layers leave most of the full scale unused: with 32 codes on the part that they
    use, errors fall far below those of 32 codes on all of it (on these layers by 5 dB and more)."""
    with h5py.File(whole / "results.h5") as file:
        quality, point = file["layers/csnr"][()], file["layers/point"][()]
        accuracy = file["accuracy"][()]
    for calibrated in (1, 2):
        gain = quality[point == calibrated] - quality[point == 0]
        assert (gain > 3).all(), gain
        assert accuracy[calibrated] > accuracy[0]
