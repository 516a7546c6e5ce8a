# SPDX-License-Identifier: Apache-2.0
"""Workers that meet in one directory, vanish, come back or tell nonsense; clocks that jump."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from fault_cases import (Sweep, assert_goes_on, assert_opens, change_attempt, command, launch,
                         make_sweep, shim_environment, under_faults, units_there, without_company)
from mac_cases import run
from sweep_cases import attempts, segments, stored_units, wait_until


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """3200 units: about a second of one thread, 13 segments."""
    return make_sweep(tmp_path_factory.mktemp("long"), chips=200)


def status(folder: Path) -> str:
    result = run("status", folder)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    return result.stdout


def test_one_shard_given_to_two_workers(long: Sweep, tmp_path: Path) -> None:
    """Both run all of it, or what the other has not stored yet; equal units count once."""
    folder = tmp_path / "run"
    for part in ("0/2", "1/2"):
        pair = [launch(command(folder, long, "--threads", 1, "--shard", part)) for _ in range(2)]
        for process in pair:
            out, err = process.communicate(timeout=120)
            assert (process.returncode, without_company(err)) == (0, ""), out
            assert units_there(out)[1] == long.units // 2
        assert_opens(folder, tmp_path / "m.h5")
    assert len(set(stored_units(folder))) == long.units
    result = run("merge", folder, "-o", tmp_path / "m.h5")
    assert f"{long.units} finished work units" in result.stdout and "complete" in result.stdout
    assert (tmp_path / "m.h5").read_bytes() == long.golden


def test_a_worker_comes_back(long: Sweep, tmp_path: Path) -> None:
    """One that stood still while another finished its shard goes on as if nothing had been."""
    folder = tmp_path / "run"
    sleeper = launch(command(folder, long, "--threads", 1))
    try:
        assert wait_until(lambda: len(segments(folder)) > 1)
        sleeper.send_signal(signal.SIGSTOP)
        result = run(*command(folder, long)[1:])
        assert f"process {sleeper.pid}, since" in result.stderr
        assert (result.returncode, without_company(result.stderr)) == (0, "")
        assert (folder / "results.h5").read_bytes() == long.golden
        sleeper.send_signal(signal.SIGCONT)
        out, err = sleeper.communicate(timeout=120)
        assert (sleeper.returncode, err) == (0, ""), out
    finally:
        sleeper.kill()
    assert (folder / "results.h5").read_bytes() == long.golden
    assert_opens(folder, tmp_path / "m.h5")
    assert_goes_on(folder, long)


def test_a_node_vanishes(long: Sweep, tmp_path: Path) -> None:
    """Its report grows old: killed, and it does not count for the time that is left."""
    folder = tmp_path / "run"
    process = launch(command(folder, long, "--threads", 1, "--shard", "0/2"))
    assert wait_until(lambda: len(segments(folder)) > 1)
    process.kill()
    process.communicate(timeout=60)
    (report,) = (folder / "runs").glob("*.json")
    change_attempt(report, units_done=256, seconds=1.0)
    assert "running, 256 units so far" in status(folder) and "ETA" in status(folder)
    change_attempt(report, updated=int(time.time()) - 31)
    assert "killed after 256 units" in status(folder) and "ETA" not in status(folder)
    for torn in (report.read_text()[:100], "", "[]", '{"token": 3}'):
        report.write_text(torn)
        assert "killed" not in status(folder)
    assert_goes_on(folder, long)


def test_a_report_from_the_future(tiny: Sweep, tmp_path: Path) -> None:
    """By a clock that is ahead, or before this one was set back: nothing follows from it."""
    folder = tmp_path / "run"
    assert under_faults(command(folder, tiny, "--shard", "0/2")).returncode == 0
    (report,) = (folder / "runs").glob("*.json")
    change_attempt(report, stop="", seconds=1.0, updated=int(time.time()) + 3600)
    text = status(folder)
    assert re.search(r"320 units so far, running or killed: its clock is (1:00:00|59:5\d) ahead", text)
    assert "ETA" not in text
    assert_goes_on(folder, tiny)


@pytest.mark.parametrize("clock", ["-86400@0", "-86400@3", "-1900000000@6", "7200@4"])
def test_the_clock_jumps(tiny: Sweep, tmp_path: Path, clock: str) -> None:
    """By a day, to before 1970, or ahead, at the start or in the middle of a run."""
    folder = tmp_path / "run"
    result = under_faults(command(folder, tiny, "--threads", 1), clock=clock)
    assert (result.returncode, result.stderr) == (0, "")
    (attempt,) = attempts(folder)
    assert attempt["units_done"] == tiny.units and 0 < attempt["seconds"] < 60
    assert re.fullmatch(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\dZ", attempt["stop"])
    assert f"after {tiny.units} units" in status(folder)
    assert (folder / "results.h5").read_bytes() == tiny.golden


def test_a_failure_that_passes(tmp_path: Path) -> None:
    """The report that `status` reads cannot be written once; with the next segment, or five seconds
    later, it can."""
    folder = tmp_path / "run"
    settings = make_sweep(tmp_path, chips=1).settings | {"workload.images": 8, "layers": [],
                                                         "trials.chips": 100_000}
    words = command(folder, Sweep(settings, 1_600_000), "--threads", 1)
    process = launch(words, shim_environment("open:*/runs/*:2:EIO", clock="-7200@3"))
    try:
        assert wait_until(lambda: len(attempts(folder)) == 1)
        first = attempts(folder)[0]
        assert wait_until(lambda: attempts(folder)[0] != first, 30.0)
        second = attempts(folder)[0]
        assert second["units_done"] > 256 or 9.0 < second["seconds"]
        assert second["updated"] < first["updated"]
        # Units that wait for a segment are stored after ten seconds of a clock that does not jump.
        assert wait_until(lambda: len(segments(folder)) > 0)
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (3, ""), out
    assert attempts(folder)[0]["units_done"] == len(stored_units(folder)) > 0


def test_torn_segments(tiny: Sweep, tmp_path: Path) -> None:
    """Half of the file, or zeros in the place of its end, as after a power loss: its units run again."""
    folder = tmp_path / "run"
    assert under_faults(command(folder, tiny)).returncode == 0
    files = segments(folder)
    half = files[-1].stat().st_size // 2
    os.truncate(files[-1], half)
    content = files[0].read_bytes()
    files[0].write_bytes(content[:half] + bytes(len(content) - half))
    check = run("check", folder)
    assert check.returncode == 4
    assert all(path.name in check.stdout for path in (files[0], files[-1]))
    result = run(*command(folder, tiny)[1:])
    found, planned, ran = units_there(result.stdout)
    assert result.returncode == 0 and found + ran == planned and ran > 0
    assert result.stderr.count("acimsweep: warning: ") == result.stderr.count("\n") == 2
    assert (folder / "results.h5").read_bytes() == tiny.golden
