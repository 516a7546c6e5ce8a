# SPDX-License-Identifier: Apache-2.0
"""Storage that fails or lies: full disks, lost writes, flipped bytes. Nothing stored is lost."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fault_cases import assert_storage_failure, mounted, under_faults
from mac_cases import binary, run
from sweep_cases import (MANY, MANY_UNITS, SMALL, SMALL_UNITS, SWEEP, assert_fails, finished,
                         needs_data, segments, set_options, stored_units, sweep, units_run)

pytestmark = needs_data


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "disk", "1m")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return finished(tmp_path_factory.mktemp("many") / "run", MANY).read_bytes()


def fill(folder: Path, leave: int) -> Path:
    """Fills the disk but for so many bytes, rounded down to pages."""
    free = shutil.disk_usage(folder).free
    path = folder / "filler"
    path.write_bytes(b"x" * max(0, free - leave))
    return path


@pytest.mark.parametrize("leave", [0, 8192, 90_000])
def test_full_disk(small_disk: Path, many: bytes, leave: int) -> None:
    """Exit code 4 that names a file; with space again the same command goes on."""
    folder = small_disk / "run"
    filler = fill(small_disk, leave)
    result = sweep(folder, MANY, "--threads", 2)
    assert result.returncode == 4, (result.stdout, result.stderr)
    assert result.stderr.startswith("acimsweep: ") and result.stderr.count("\n") == 1
    assert str(small_disk) in result.stderr and "No space left" in result.stderr
    kept = stored_units(folder)
    filler.unlink()
    check = run("check", folder) if (folder / "plan.json").exists() else None
    assert check is None or (check.returncode == 0 and "Nothing is damaged" in check.stdout)
    result = sweep(folder, MANY)
    assert result.returncode == 0, result.stderr
    assert f"{len(kept)} of {MANY_UNITS} units were there" in result.stdout
    assert set(kept) <= set(stored_units(folder))
    assert (folder / "results.h5").read_bytes() == many


def test_disk_full_at_the_results_file(small_disk: Path, many: bytes) -> None:
    """The old results.h5 stays, the trials too."""
    folder = small_disk / "run"
    finished(folder, MANY | {"trials.chips": 20})
    before, kept = (folder / "results.h5").read_bytes(), set(stored_units(folder))
    filler = fill(small_disk, 4096)
    result = sweep(folder, MANY, "--extend")
    assert result.returncode == 4, result.stdout
    assert (folder / "results.h5").read_bytes() == before
    assert kept <= set(stored_units(folder))
    merge = run("merge", folder, "-o", small_disk / "m.h5")
    assert merge.returncode == 4 and "m.h5" in merge.stderr
    assert not (small_disk / "m.h5").exists()
    filler.unlink()
    assert sweep(folder, MANY, "--extend").returncode == 0
    assert (folder / "results.h5").read_bytes() == many


def test_file_size_limit(tmp_path: Path, many: bytes) -> None:
    """The same without root: no file may grow beyond 40 kB, so that segments cannot be written."""
    folder = tmp_path / "run"
    command = [binary(), "run", SWEEP, "-o", folder, "-q", *set_options(MANY)]
    result = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)))
    assert result.returncode == 4, (result.stdout, result.stderr)
    assert str(folder) in result.stderr and result.stderr.count("\n") == 1
    assert not list(folder.glob("**/.*"))  # no half-written file stays
    assert sweep(folder, MANY).returncode == 0
    assert (folder / "results.h5").read_bytes() == many


def test_full_standard_output(tmp_path: Path) -> None:
    """The run has to say its results; the trials are stored when it cannot."""
    command = [binary(), "run", SWEEP, "-o", tmp_path / "run", "-q", *set_options(SMALL)]
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run(list(map(str, command)), stdout=full, stderr=subprocess.PIPE,
                                text=True, check=False)
    assert result.returncode == 4
    assert "standard output" in result.stderr
    result = sweep(tmp_path / "run", SMALL)
    assert result.returncode == 0 and f"{SMALL_UNITS} units were there" in result.stdout


@pytest.mark.parametrize("place", ["missing/run", "/proc/run"])
def test_not_writable(tmp_path: Path, place: str) -> None:
    if place.startswith("/"):
        folder = Path(place)
    else:
        (tmp_path / "missing").write_text("a file")
        folder = tmp_path / place
    result = sweep(folder, SMALL)
    assert result.returncode == 4, (result.returncode, result.stderr)
    assert str(folder.parent) in result.stderr and result.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_closed_directory(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    result = sweep(tmp_path / "closed", SMALL)
    assert result.returncode == 4 and "closed" in result.stderr


@pytest.mark.parametrize("where", [0.0, 0.5, 0.99])
def test_flipped_bytes_in_a_segment(tmp_path: Path, many: bytes, where: float) -> None:
    """The file is named, its trials run again, and the bytes are those of a run without damage."""
    folder = tmp_path / "run"
    finished(folder, MANY)
    units = len(stored_units(folder))
    victim = segments(folder)[1]
    content = bytearray(victim.read_bytes())
    at = int(where * (len(content) - 1))
    content[at] ^= 0x10
    victim.write_bytes(content)
    check = run("check", folder)
    assert check.returncode == 4 and victim.name in check.stdout
    (folder / "results.h5").unlink()
    result = sweep(folder, MANY)
    assert result.returncode == 0, result.stderr
    assert result.stderr.startswith("acimsweep: warning: ") and victim.name in result.stderr
    assert result.stderr.count("\n") == 1
    assert units == MANY_UNITS and MANY_UNITS < units_run(folder) < 2 * MANY_UNITS
    assert (folder / "results.h5").read_bytes() == many
    assert victim.name in run("status", folder).stderr
    victim.unlink()
    assert run("check", folder).returncode == 0


def test_truncated_and_stray_files(tmp_path: Path, many: bytes) -> None:
    folder = tmp_path / "run"
    finished(folder, MANY)
    first, second = segments(folder)[:2]
    first.write_bytes(first.read_bytes()[:-1])
    second.write_bytes(b"")
    (folder / "segments" / ".seg-0-1.h5.tmp").write_bytes(b"half")
    (folder / "segments" / "notes.txt").write_text("not a segment")
    result = sweep(folder, MANY)
    assert result.returncode == 0, result.stderr
    assert first.name in result.stderr and second.name in result.stderr
    assert (folder / "results.h5").read_bytes() == many


def test_a_foreign_segment(tmp_path: Path) -> None:
    """The segment of another seed in the directory: refused by name."""
    a, b = tmp_path / "a", tmp_path / "b"
    finished(a, SMALL)
    finished(b, SMALL | {"seed": 5})
    shutil.copy(segments(b)[0], a / "segments" / "seg-foreign.h5")
    assert_fails(run("merge", a, "-o", tmp_path / "m.h5"), 2, "seg-foreign.h5", "seed 5", "seed 1")
    result = sweep(a, SMALL)
    assert result.returncode == 2 and "seg-foreign.h5" in result.stderr


def test_a_disk_that_loses_what_it_took(tmp_path: Path) -> None:
    """A stop rule reads back what was stored: it does not run the same trials again and again."""
    stopping = SMALL | {"trials.chips": 30, "trials.repeats": 1, "trials.stop.half_width": 0.0126,
                        "trials.stop.first_chips": 6}
    folder = tmp_path / "run"
    words = [binary(), "run", SWEEP, "-o", folder, "-q", *set_options(stopping), "--threads", 1]
    lost = under_faults(list(map(str, words)), "write:*seg-*:1+:LOSE")
    assert_storage_failure(lost, str(folder), "trials that were just stored cannot be read again")
    assert 1 <= len(segments(folder)) <= 3 and not any(s.stat().st_size for s in segments(folder))
    log = (folder / "log.txt").read_text()
    assert all(segment.name in log for segment in segments(folder)), log
    whole = finished(tmp_path / "whole", stopping).read_bytes()
    again = sweep(folder, stopping)
    assert again.returncode == 0 and "damaged segment" in again.stderr, again.stderr
    assert (folder / "results.h5").read_bytes() == whole
