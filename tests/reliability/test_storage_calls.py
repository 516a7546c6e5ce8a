# SPDX-License-Identifier: Apache-2.0
"""Single storage calls that fail: the run ends with exit code 4 and one line, or takes no notice; what
was stored stays, and the same command ends with the bytes of an undisturbed run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from fault_cases import (Sweep, assert_goes_on, assert_opens, assert_storage_failure, command,
                         leftovers, under_faults, units_there,
                         mounted)
from mac_cases import run, write_macro
from sweep_cases import attempts, segments, stored_units

IO, QUOTA, READ_ONLY = "Input/output error", "Disk quota exceeded", "Read-only file system"
INTACT, FULL, RIGHTS = "what was stored before is intact", "raise the quota", "choose another output"

# The rule, what the message has to say, and segments that must be there after it.
FAULTS = [
    ("mkdir:*/run:1:ENOSPC", ["creating the directory", "/run", "No space left"], 0),
    ("fsync:*/run:1:EIO", ["fsync failed", IO, INTACT], 0),
    ("fsync:*/.plan.json.*:1:EIO", ["plan.json", "fsync failed", IO, INTACT], 0),
    ("write:*/networks/.recipe-*:1:EDQUOT", ["recipe-", "writing failed", QUOTA, FULL], 0),
    ("rename:*/runs/*:1:EIO", ["runs/", "renaming failed", IO], 0),
    ("open:*/segments/*:1+:EROFS", ["segments/seg-", READ_ONLY, RIGHTS], 0),
    ("write:*/segments/*:2+:EDQUOT", ["segments/seg-", "writing failed", QUOTA, FULL], 1),
    ("write:*/segments/*:2:SHORT;write:*/segments/*:3+:ENOSPC", ["writing failed", "No space left"],
     1),
    ("fsync:*/segments/*:2+:EIO", ["segments/seg-", "fsync failed", IO, INTACT], 1),
    ("close:*/segments/*:2+:EDQUOT", ["segments/seg-", "closing failed", QUOTA, FULL], 1),
    ("close:*/segments/*:2+:EIO", ["segments/seg-", "closing failed", IO, INTACT], 1),
    ("rename:*/segments/*:2+:EIO", ["segments/seg-", "renaming failed", IO, INTACT], 1),
    # The server renamed and its answer got lost: the segment is there, though never reported.
    ("rename:*/segments/*:2+:late-ESTALE", ["renaming failed", "Stale file handle", INTACT], 2),
    ("fsync:*/.results.h5.*:1:EIO", ["results.h5", "fsync failed", IO, INTACT], 3),
    ("close:*/.results.h5.*:1:EDQUOT", ["results.h5", "closing failed", QUOTA, FULL], 3),
    ("rename:*/results.h5:1:EIO", ["results.h5", "renaming failed", IO, INTACT], 3),
]


@pytest.mark.parametrize(("rule", "parts", "kept"), FAULTS, ids=[case[0] for case in FAULTS])
def test_a_call_that_fails(tiny: Sweep, tmp_path: Path, rule: str, parts: list[str],
                           kept: int) -> None:
    folder = tmp_path / "run"
    result = under_faults(command(folder, tiny, "--threads", 1), rule)
    assert_storage_failure(result, str(folder), *parts)
    assert result.stdout.count("units were there") == 0
    assert leftovers(folder) == [] and not (folder / "results.h5").exists()
    assert len(segments(folder)) == kept
    assert_opens(folder, tmp_path / "m.h5")
    assert_goes_on(folder, tiny)


@pytest.mark.parametrize("count", ["3", "3+"])
def test_the_directory_cannot_be_synced(tiny: Sweep, tmp_path: Path, count: str) -> None:
    """The name of a segment may be lost with the power: its units are not reported complete, unless it
    is written once more and synced, which happens where only one call fails."""
    folder = tmp_path / "run"
    result = under_faults(command(folder, tiny, "--threads", 1), f"fsync:*/segments:{count}:EIO")
    assert_storage_failure(result, "segments: fsync failed", IO, INTACT)
    reported = sum(attempt["units_done"] for attempt in attempts(folder))
    stored = len(stored_units(folder))
    assert reported < stored if count == "3+" else reported <= stored
    assert_opens(folder, tmp_path / "m.h5")
    assert_goes_on(folder, tiny)


def half_done(folder: Path, sweep: Sweep) -> bytes:
    """Runs every other unit and merges them: the bytes of results.h5."""
    assert under_faults(command(folder, sweep, "--shard", "0/2")).returncode == 0
    assert run("merge", folder, "-o", folder / "results.h5").returncode == 0
    return (folder / "results.h5").read_bytes()


def test_the_old_results_stay(tiny: Sweep, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    before = half_done(folder, tiny)
    result = under_faults(command(folder, tiny), "rename:*/results.h5:1:EIO")
    assert_storage_failure(result, "results.h5", "renaming failed")
    assert (folder / "results.h5").read_bytes() == before
    for rule in ("write:*/.m.h5.*:1:EDQUOT", "close:*/.m.h5.*:1:EIO", "fsync:*/.m.h5.*:1:EIO"):
        words = [command(folder, tiny)[0], "merge", str(folder), "-o", str(tmp_path / "m.h5")]
        assert_storage_failure(under_faults(words, rule), "m.h5")
        assert leftovers(tmp_path) == [] and not (tmp_path / "m.h5").exists()
    assert_goes_on(folder, tiny)


@pytest.mark.parametrize("rules", [
    ["write:*/.*:1+:SHORT"],
    ["write:*/.*:1-3:EINTR", "fsync:*:2-4:EINTR"],
    # File systems that cannot sync a directory.
    ["fsync:*/segments:1+:EINVAL", "fsync:*/run:1+:EINVAL"],
    # The log is silenced by a full disk, nothing else is.
    ["write:*/log.txt:1+:ENOSPC"],
])
def test_nothing_is_noticed(tiny: Sweep, tmp_path: Path, rules: list[str]) -> None:
    """Writes in halves, interrupted calls."""
    folder = tmp_path / "run"
    result = under_faults(command(folder, tiny), *rules)
    assert (result.returncode, result.stderr) == (0, "")
    assert units_there(result.stdout) == (0, tiny.units, tiny.units)
    assert (folder / "results.h5").read_bytes() == tiny.golden


def test_no_locks(tiny: Sweep, tmp_path: Path) -> None:
    """A file system without locks: none is asked for, by no command, also on HDF5 input."""
    folder, trace = tmp_path / "run", tmp_path / "trace"
    program = command(folder, tiny)[0]
    with h5py.File(tmp_path / "in.h5", "w") as file:
        file["x"], file["w"] = np.ones((2, 8), np.int8), np.ones((3, 8), np.int8)
    macro = write_macro(tmp_path / "m.yaml", {"weight_bits": 8, "activation_bits": 8,
                                              "macro": {"rows": 8, "adc": {"bits": 8}}})
    for words in (command(folder, tiny), [program, "status", folder], [program, "check", folder],
                  [program, "check", folder / "results.h5"],
                  [program, "merge", folder, "-o", tmp_path / "m.h5"],
                  [program, "mac", tmp_path / "in.h5", "--macro", macro, "-o", tmp_path / "o.h5"]):
        result = under_faults(list(map(str, words)), "lock:*:1+:ENOLCK", trace=trace)
        assert (result.returncode, result.stderr) == (0, ""), words
    assert (tmp_path / "m.h5").read_bytes() == tiny.golden
    assert "end rename" in trace.read_text() and " lock " not in trace.read_text()


@pytest.mark.parametrize(("rule", "code", "parts"), [
    ("read:*/segments/*:1:EIO", 4, ["seg-", "reading failed"]),
    ("look:*/segments:1:EIO", 4, ["/segments: ", IO, "what was stored is intact"]),
    ("read:*/plan.json:1:EIO", 4, ["plan.json", "reading failed"]),
    # Nothing depends on what attempts say of themselves.
    ("read:*/runs/*:1+:EIO", 0, []),
])
def test_a_file_that_cannot_be_read(tiny: Sweep, tmp_path: Path, rule: str, code: int,
                                    parts: list[str]) -> None:
    folder = tmp_path / "run"
    assert under_faults(command(folder, tiny)).returncode == 0
    result = under_faults([command(folder, tiny)[0], "status", str(folder)], rule)
    assert result.returncode == code, result.stderr
    if code:
        assert_storage_failure(result, *parts)
    assert_goes_on(folder, tiny)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "disk", "8m")


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def test_read_only_directory(disk: Path, tiny: Sweep, tmp_path: Path) -> None:
    """Nothing can be added; everything can be read, and merged to elsewhere."""
    folder = disk / "run"
    remount(disk, "ro")
    assert_storage_failure(under_faults(command(folder, tiny)), str(disk), READ_ONLY, RIGHTS)
    remount(disk, "rw")
    before = half_done(folder, tiny)
    remount(disk, "ro")
    assert_storage_failure(under_faults(command(folder, tiny)), str(folder), READ_ONLY)
    assert_opens(folder, tmp_path / "m.h5")
    assert (tmp_path / "m.h5").read_bytes() == before
    assert_storage_failure(run("merge", folder, "-o", disk / "m.h5"), "m.h5", READ_ONLY, RIGHTS)
    remount(disk, "rw")
    assert_goes_on(folder, tiny)
