# SPDX-License-Identifier: Apache-2.0
"""The Python package reads a run directory while workers write into it."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from acimsweep import ResultsError, open_results, open_run, point_statistics
from sweep_cases import (MANY, MANY_UNITS, SMALL, finished, needs_data, segments, start,
                         stored_units)

pytestmark = needs_data

MIXED = SMALL | {"workload.images": 700, "trials.chips": 3, "grid": {
    "macro.noise.random.sigma": [0.5, 0.25], "macro.adc.bits": [7, 6]}}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trials of two blocks, 500 and 200 images."""
    folder = tmp_path_factory.mktemp("mixed") / "run"
    finished(folder, MIXED)
    return folder


def test_a_finished_directory_reads_as_its_results_file(mixed: Path) -> None:
    live, file = open_run(mixed), open_results(mixed / "results.h5")
    assert live.parameters == file.parameters and len(live.trials) == len(file.trials) > 0
    for name in file.trials:
        assert (live.trials[name] == file.trials[name]).all(), name
    np.testing.assert_array_equal(live.correct_bits, file.correct_bits)
    for name in live.points:
        mine, theirs = live.points[name], file.points[name]
        assert mine.dtype == theirs.dtype, name
        if mine.dtype == float:  # sums of at most 6 terms in another order: a few roundings
            np.testing.assert_allclose(mine, theirs, rtol=1e-14, err_msg=name)
        else:
            assert (mine == theirs).all(), name
    for name in ("seed", "sweep_complete", "images", "chips", "data_hash"):
        assert live.attrs[name] == file.attrs[name], name
    assert live.attrs["damaged"] == [] and live.sweep_text == file.sweep_text
    assert live.to_xarray().sizes == {"macro.noise.random.sigma": 2, "macro.adc.bits": 2}


def test_a_directory_is_its_results_file_while_that_has_every_trial(mixed: Path,
                                                                    tmp_path: Path) -> None:
    folder = Path(shutil.copytree(mixed, tmp_path / "run"))
    whole = open_results(folder)
    assert whole.path == str(folder / "results.h5")
    assert whole.points[["accuracy_ci_low", "energy"]].notna().all(axis=None)
    assert len(whole.layers) > 0
    stored = (folder / "results.h5").read_bytes()
    (folder / "results.h5").unlink()
    live = open_results(folder)
    assert live.path == str(folder) and "accuracy_ci_low" not in live.points and live.layers.empty
    with_them = point_statistics(live)[["accuracy_ci_low", "accuracy_ci_high"]]
    noisy = whole.points["deterministic"] == 0
    assert noisy.any()
    np.testing.assert_allclose(with_them[noisy], whole.points.loc[noisy, with_them.columns], rtol=1e-12)
    # A file that cannot be read is none, and one without a run beside it is all there is.
    (folder / "results.h5").write_bytes(stored[:1000])
    assert open_results(folder).path == str(folder)
    (folder / "results.h5").write_bytes(stored)
    (folder / "plan.json").unlink()
    assert open_results(folder).path == str(folder / "results.h5")


def test_an_older_results_file_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    finished(folder, SMALL)
    older = (folder / "results.h5").read_bytes()
    for settings in (SMALL | {"trials.chips": 3}, SMALL | {"trials.chips": 3, "workload.images": 30}):
        finished(folder, settings, "--extend")
        newer = (folder / "results.h5").read_bytes()
        (folder / "results.h5").write_bytes(older)
        live = open_results(folder)
        assert live.path == str(folder) and list(live.points["n_chips"])[-1] == 3
        (folder / "results.h5").write_bytes(newer)
        assert open_results(folder).path == str(folder / "results.h5")
        older = newer


def test_an_incomplete_trial_counts_in_trials_alone(mixed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    settings = MIXED | {"trials.chips": 1, "trials.repeats": 1,
                        "grid": {"macro.adc.bits": [7]}}
    finished(folder, settings, "--shard", "0/2")  # one of two blocks
    live = open_run(folder)
    assert list(live.points["status"]) == ["pending"] and np.isnan(live.points["accuracy"][0])
    assert len(live.trials) == 1 and live.attrs["sweep_complete"] == 0
    finished(folder, settings, "--shard", "1/2")
    assert list(open_results(folder).points["status"]) == ["done"]


def test_while_it_runs_and_after_a_kill(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = start(folder, MANY | {"trials.chips": 500}, "--threads", 1)
    seen, readings = 0, 0
    deadline = time.monotonic() + 60
    while seen < MANY_UNITS and time.monotonic() < deadline:
        if not (folder / "plan.json").exists():
            time.sleep(0.02)
            continue
        live = open_run(folder)
        assert live.attrs["damaged"] == [] and len(live.trials) >= seen
        ones = np.unpackbits(live.correct_bits, axis=1).sum(axis=1)
        assert (ones == live.trials["correct"]).all()
        seen, readings = len(live.trials), readings + 1
    process.kill()
    process.communicate()
    assert seen >= MANY_UNITS and readings > 1
    live = open_run(folder)
    assert len(live.trials) == len(set(stored_units(folder))) >= seen


def test_damaged_and_foreign_segments(mixed: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(mixed, tmp_path / "run"))
    victim = segments(folder)[0]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    live = open_run(folder)
    assert live.attrs["damaged"] == [str(victim)] and live.attrs["sweep_complete"] == 0
    for file in segments(folder):
        file.write_bytes(b"")
    assert len(open_run(folder).trials) == 0
    assert open_results(folder).attrs["sweep_complete"] == 1  # results.h5 has those trials
    finished(tmp_path / "other", SMALL | {"seed": 77})
    shutil.copy(segments(tmp_path / "other")[0], folder / "segments" / "seg-foreign.h5")
    with pytest.raises(ResultsError, match="seg-foreign.h5.*(seed|data_hash)"):
        open_results(folder)
    (folder / "plan.json").write_text("{}")
    with pytest.raises(ResultsError, match="plan.json: damaged plan"):
        open_results(folder)
    with pytest.raises(ResultsError, match="no run directory"):
        open_results(tmp_path)


def test_a_sealed_segment_of_somebody_else_is_named_and_left_out(mixed: Path,
                                                                 tmp_path: Path) -> None:
    """A seal says that a file is whole, not who wrote it: links and claims are not believed."""
    folder = tmp_path / "run"
    shutil.copytree(mixed, folder)
    whole = len(open_run(folder).trials)
    victim = sorted((folder / "segments").glob("*.h5"))[0]
    plain = tmp_path / "plain.h5"

    def link(file: h5py.File) -> None:
        del file["trials/correct"]
        file["trials/correct"] = h5py.ExternalLink(str(mixed / "results.h5"), "trials/correct")

    def claim(file: h5py.File) -> None:
        del file["trials/point"]
        file.create_dataset("trials/point", (10**12,), "u4", chunks=(1000,))

    def shorten(file: h5py.File) -> None:
        del file["trials/correct"]
        file["trials/correct"] = np.zeros(0, "u4")

    image = victim.read_bytes()[:-88]
    for change in (link, claim, shorten):
        plain.write_bytes(image)
        with h5py.File(plain, "a") as file:
            change(file)
        content = plain.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        victim.write_bytes(content + f"\nacimsweep-seal sha256 {digest}\n".encode())
        live = open_run(folder)
        assert live.attrs["damaged"] == [str(victim)], change
        assert len(live.trials) < whole
