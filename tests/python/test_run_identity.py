# SPDX-License-Identifier: Apache-2.0
"""results.h5 is a pure function of the sweep: threads, shards and kills leave no trace."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mac_cases import ROOT, run
from sweep_cases import (MANY, MANY_UNITS, SMALL, SMALL_UNITS, SWEEP, attempts, finished,
                         needs_data, segments, start, stored_units, sweep, trials, units_run,
                         wait_until)

pytestmark = needs_data


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory of SMALL by one thread. Tests read it only."""
    folder = tmp_path_factory.mktemp("small") / "run"
    finished(folder, SMALL, "--threads", 1)
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """results.h5 of MANY without any interruption."""
    return finished(tmp_path_factory.mktemp("many") / "run", MANY).read_bytes()


def merged(out: Path, *folders: Path) -> bytes:
    result = run("merge", *folders, "-o", out)
    assert result.returncode == 0, result.stderr
    assert "complete" in result.stdout
    return out.read_bytes()


def units_there(result: subprocess.CompletedProcess[str]) -> tuple[int, int, int]:
    """(found, planned, ran) as `run` tells them."""
    numbers = re.search(r"(\d+) of (\d+) units were there, (\d+) ran", result.stdout)
    assert numbers, result.stdout
    return tuple(map(int, numbers.groups()))


def assert_nothing_ran_twice(folder: Path, planned: int) -> None:
    units = stored_units(folder)
    assert len(units) == len(set(units)) == planned


@pytest.mark.parametrize("threads", [2, 5])
def test_threads(small: Path, tmp_path: Path, threads: int) -> None:
    results = finished(tmp_path / "run", SMALL, "--threads", threads)
    assert results.read_bytes() == (small / "results.h5").read_bytes()


def test_a_second_command_runs_nothing(small: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "run"))
    result = sweep(folder, SMALL)
    assert units_there(result) == (SMALL_UNITS, SMALL_UNITS, 0)
    assert (folder / "results.h5").read_bytes() == (small / "results.h5").read_bytes()
    assert segments(folder) == [folder / "segments" / path.name for path in segments(small)]
    assert sorted(attempt["units_done"] for attempt in attempts(folder)) == [0, SMALL_UNITS]


def test_another_run_at_work_is_told(small: Path, tmp_path: Path) -> None:
    """One line at the start; the run goes on, and a dead attempt is none."""
    folder = Path(shutil.copytree(small, tmp_path / "run"))
    (report,) = (folder / "runs").glob("*.json")
    other = json.loads(report.read_text()) | {"stop": "", "host": "node7", "pid": 4711,
                                              "updated": int(time.time())}
    report.write_text(json.dumps(other))
    result = sweep(folder, SMALL)
    assert units_there(result) == (SMALL_UNITS, SMALL_UNITS, 0)
    assert result.returncode == 0 and result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"acimsweep: warning: {folder}: another run seems to be at work")
    for part in (f"shard 0/1 on node7, process 4711, since {other['start']}", "--shard", "submit"):
        assert part in result.stderr
    assert (folder / "results.h5").read_bytes() == (small / "results.h5").read_bytes()
    report.write_text(json.dumps(other | {"updated": other["updated"] - 60}))
    assert (sweep(folder, SMALL).returncode, sweep(folder, SMALL).stderr) == (0, "")


def test_shards_in_one_directory(small: Path, tmp_path: Path) -> None:
    for shard in ("2/3", "0/3", "1/3"):  # any order
        finished(tmp_path / "run", SMALL, "--shard", shard)
    assert not (tmp_path / "run" / "results.h5").exists()
    assert_nothing_ran_twice(tmp_path / "run", SMALL_UNITS)
    assert merged(tmp_path / "m.h5", tmp_path / "run") == (small / "results.h5").read_bytes()
    # The whole command finds everything done.
    assert units_there(sweep(tmp_path / "run", SMALL)) == (SMALL_UNITS, SMALL_UNITS, 0)


def test_shards_at_the_same_time(small: Path, tmp_path: Path) -> None:
    shards = [start(tmp_path / "run", SMALL, "--shard", f"{i}/3", "--threads", 1) for i in range(3)]
    for process in shards:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (out, err)
    assert_nothing_ran_twice(tmp_path / "run", SMALL_UNITS)
    assert merged(tmp_path / "m.h5", tmp_path / "run") == (small / "results.h5").read_bytes()


def test_shards_in_three_directories(small: Path, tmp_path: Path) -> None:
    folders = [tmp_path / f"run-{i}" for i in range(3)]
    for i, folder in enumerate(folders):
        finished(folder, SMALL, "--shard", f"{i}/3", "--threads", i + 1)
    incomplete = run("merge", *folders[:2], "-o", tmp_path / "part.h5")
    assert incomplete.returncode == 0
    missing = len(stored_units(folders[2]))
    assert 0 < missing < SMALL_UNITS
    assert f"{missing} of the plan are missing" in incomplete.stdout
    incomplete = run("merge", *folders[:2], "-o", tmp_path / "part.h5", "--complete")
    assert incomplete.returncode == 3 and f"{missing} of the plan" in incomplete.stdout
    golden = (small / "results.h5").read_bytes()
    assert (tmp_path / "part.h5").read_bytes() != golden
    assert merged(tmp_path / "a.h5", *folders) == golden
    assert merged(tmp_path / "b.h5", *reversed(folders)) == golden
    # A whole run beside its own shards holds every unit twice, with equal bits.
    assert merged(tmp_path / "c.h5", folders[1], small, folders[0]) == golden


def test_names_and_order_of_segments(tmp_path: Path, many: bytes) -> None:
    folder = tmp_path / "run"
    finished(folder, MANY)
    files = segments(folder)
    assert len(files) >= 3
    names = [path.name for path in files]
    for path in files:
        path.rename(path.with_name("x-" + path.name))
    for path, name in zip(files, reversed(names)):
        path.with_name("x-" + path.name).rename(path.with_name(name))
    (folder / "results.h5").unlink()
    assert units_there(sweep(folder, MANY)) == (MANY_UNITS, MANY_UNITS, 0)
    assert (folder / "results.h5").read_bytes() == many


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupt_and_resume(tmp_path: Path, many: bytes, number: signal.Signals) -> None:
    folder = tmp_path / "run"
    process = start(folder, MANY, "--threads", 1)
    assert wait_until(lambda: len(segments(folder)) > 0)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, (out, err)
    assert "the same command goes on" in out
    kept = len(stored_units(folder))
    assert 0 < kept < MANY_UNITS
    assert (folder / "results.h5").exists()  # what is there can be looked at
    assert f"{kept} of {MANY_UNITS} units done" in run("status", folder).stdout
    result = sweep(folder, MANY, "--threads", 2)
    assert result.returncode == 0, result.stderr
    assert units_there(result) == (kept, MANY_UNITS, MANY_UNITS - kept)
    assert_nothing_ran_twice(folder, MANY_UNITS)
    assert units_run(folder) == MANY_UNITS
    assert (folder / "results.h5").read_bytes() == many


def test_interrupt_before_the_first_unit(tmp_path: Path, many: bytes) -> None:
    """A signal at any early moment either leaves with 3 or, before main, kills: nothing breaks."""
    folder = tmp_path / "run"
    for delay in (0.0, 0.05, 0.15):
        process = start(folder, MANY)
        time.sleep(delay)
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode in (0, 3, -signal.SIGTERM)
    assert sweep(folder, MANY).returncode == 0
    assert_nothing_ran_twice(folder, MANY_UNITS)
    assert (folder / "results.h5").read_bytes() == many


def test_kill_at_random_moments(tmp_path: Path, many: bytes) -> None:
    """kill -9, again and again: what was stored stays, is not run again, and the bytes are equal.

    The moments are counted in segments and not in seconds, so that a busy machine changes nothing:
    a kill falls up to 80 ms after the next new segment, or up to 0.6 s after the start.
    """
    folder, moments = tmp_path / "run", random.Random(20)
    before: set[tuple] = set()
    for attempt in range(5):
        process = start(folder, MANY, "--threads", 1)
        known = len(segments(folder))
        if attempt % 2 == 0:
            wait_until(lambda: len(segments(folder)) > known or process.poll() is not None)
            time.sleep(moments.uniform(0.0, 0.08))
        else:
            time.sleep(moments.uniform(0.0, 0.6))
        process.kill()
        process.communicate(timeout=60)
        units = stored_units(folder)
        assert len(units) == len(set(units))
        assert before <= set(units)
        before = set(units)
    assert before  # some work was stored by a killed process
    result = sweep(folder, MANY)
    assert result.returncode == 0, result.stderr
    assert units_there(result) == (len(before), MANY_UNITS, MANY_UNITS - len(before))
    assert_nothing_ran_twice(folder, MANY_UNITS)
    assert (folder / "results.h5").read_bytes() == many


@pytest.mark.parametrize("more", [
    {"trials.chips": 3},
    {"grid.macro.adc.bits": [5, 6, 8]},
    {"grid.macro.noise.random.sigma": [0.5, 0.25, 0]},
    {"trials.chips": 3, "grid.macro.adc.bits": [8, 7, 6], "trials.repeats": 3},
])
def test_a_growing_sweep_keeps_what_is_stored(small: Path, tmp_path: Path, more: dict) -> None:
    """The same bytes as a fresh run of the larger sweep, and only the new units run."""
    folder = Path(shutil.copytree(small, tmp_path / "grown"))
    refused = sweep(folder, SMALL | more)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert str(folder) in refused.stderr and "--extend" in refused.stderr
    assert (folder / "results.h5").read_bytes() == (small / "results.h5").read_bytes()
    result = sweep(folder, SMALL | more, "--extend")
    assert result.returncode == 0, result.stderr
    found, planned, ran = units_there(result)
    assert found == SMALL_UNITS
    assert ran == planned - found > 0
    assert_nothing_ran_twice(folder, planned)
    fresh = finished(tmp_path / "fresh", SMALL | more)
    assert (folder / "results.h5").read_bytes() == fresh.read_bytes()


def test_more_images_keep_what_is_stored(small: Path, tmp_path: Path) -> None:
    """Images added below the block size stay cut as the directory began, so the rows of the trials
    differ from those of a fresh run (docs/commands.md); their content does not."""
    folder = Path(shutil.copytree(small, tmp_path / "grown"))
    result = sweep(folder, SMALL | {"workload.images": 100}, "--extend")
    assert result.returncode == 0, result.stderr
    found, planned, ran = units_there(result)
    assert (found, ran) == (SMALL_UNITS, planned - SMALL_UNITS)
    grown = trials(folder / "results.h5")
    fresh = trials(finished(tmp_path / "fresh", SMALL | {"workload.images": 100}))
    for row, key in enumerate(zip(fresh["id"], fresh["chip"], fresh["repeat"])):
        mine = [k for k in range(planned)
                if (grown["id"][k], grown["chip"][k], grown["repeat"][k]) == key]
        for name in ("n_images", "correct", "agree"):
            assert grown[name][mine].sum() == fresh[name][row]
        bits = [bit for k in mine for bit in unpack(grown, k)]
        assert bits == unpack(fresh, row)


def unpack(table: dict, row: int) -> list[int]:
    bytes_ = table["bits"][row]
    return [int(bytes_[i // 8]) >> (i % 8) & 1 for i in range(int(table["n_images"][row]))]


def test_more_images_at_whole_blocks_give_the_same_bytes(tmp_path: Path) -> None:
    one = SMALL | {"grid.macro.adc.bits": [7], "trials.chips": 1, "trials.repeats": 1}
    finished(tmp_path / "grown", one | {"workload.images": 500})
    result = sweep(tmp_path / "grown", one | {"workload.images": 1000}, "--extend")
    assert units_there(result) == (2, 4, 2)
    fresh = finished(tmp_path / "fresh", one | {"workload.images": 1000})
    assert (tmp_path / "grown" / "results.h5").read_bytes() == fresh.read_bytes()


def test_shrinking_and_growing_back_runs_nothing(small: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "run"))
    less = SMALL | {"trials.chips": 1, "grid.macro.adc.bits": [8]}
    assert units_there(sweep(folder, less, "--extend")) == (4, 4, 0)
    fresh = finished(tmp_path / "fresh", less)
    assert (folder / "results.h5").read_bytes() == fresh.read_bytes()
    assert units_there(sweep(folder, SMALL, "--extend")) == (SMALL_UNITS, SMALL_UNITS, 0)
    assert len(list((folder / "plans").glob("*.json"))) == 2
    assert (folder / "results.h5").read_bytes() == (small / "results.h5").read_bytes()


def test_several_networks(tmp_path: Path) -> None:
    """Axes of quantisation give a network each; shards calibrate the same ones, each for itself."""
    settings = SMALL | {"trials.repeats": 1, "grid": {
        "weight_bits": [4, 8], "macro.noise.random.sigma": [0, 0.3],
        "quantisation.per_channel": [True, False]}}
    whole = finished(tmp_path / "whole", settings, "--threads", 1)
    assert len(list((tmp_path / "whole" / "networks").glob("*.h5"))) == 4
    shards = [tmp_path / f"run-{i}" for i in range(2)]
    for i, folder in enumerate(shards):
        finished(folder, settings, "--shard", f"{i}/2")
    assert merged(tmp_path / "m.h5", *shards) == whole.read_bytes()


def test_two_whole_runs_at_the_same_time(tmp_path: Path, many: bytes) -> None:
    """Wasteful, but nothing breaks: units that both ran are equal in every bit."""
    folder = tmp_path / "run"
    processes = [start(folder, MANY, "--threads", 1) for _ in range(2)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (out, err)
    assert len(set(stored_units(folder))) == MANY_UNITS
    assert (folder / "results.h5").read_bytes() == many


def test_a_comment_makes_no_other_sweep(small: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "run"))
    text = SWEEP.read_text().replace("../../data", str(ROOT / "data"))
    (tmp_path / "s.yaml").write_text("# a remark\n" + text)
    assert units_there(sweep(folder, SMALL, file=tmp_path / "s.yaml"))[0] == SMALL_UNITS
    mine, golden = trials(folder / "results.h5"), trials(small / "results.h5")
    assert all((mine[name] == golden[name]).all() for name in golden)
    merged(tmp_path / "m.h5", folder, small)
