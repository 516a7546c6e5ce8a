# SPDX-License-Identifier: Apache-2.0
"""Small sweeps on generated images, and runs of them whose storage calls fail where a test says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from mac_cases import ROOT, binary, run
from sweep_cases import SWEEP, finished, set_options, stored_units, write_idx

POINTS, REPEATS = 4, 4


@dataclass(frozen=True)
class Sweep:
    """Settings of lenet_sweep.yaml with its own data, and what has to come out of it."""

    settings: dict[str, object]
    units: int
    golden: bytes = field(repr=False, default=b"")


def data_settings(folder: Path) -> dict[str, object]:
    """Eight generated images of 28x28 bytes, written to the folder, as data and calibration data."""
    values = np.random.default_rng(5)
    images = write_idx(folder / "images", values.integers(0, 256, (8, 28, 28)))
    labels = write_idx(folder / "labels", values.integers(0, 10, 8))
    return {f"workload.{name}.{what}": str(path) for name in ("data", "calibration")
            for what, path in (("images", images), ("labels", labels))}


def make_sweep(folder: Path, chips: int) -> Sweep:
    """16 units of one image for each chip, of which 256 fill a segment; a unit takes below 1 ms."""
    folder.mkdir(exist_ok=True)
    settings = data_settings(folder) | {
        "workload.images": 1, "quantisation.images": 8, "trials.chips": chips,
        "trials.repeats": REPEATS, "grid.macro.adc.bits": [6, 8],
        "grid.macro.noise.random.sigma": [0, 0.5],
        "layers": [{"match": "conv*", "analog": False}, {"match": "fc1", "analog": False}],
    }
    golden = finished(folder / "golden", settings).read_bytes()
    return Sweep(settings, POINTS * REPEATS * chips, golden)


def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own of this size, for a fixture. Needs root."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "acimsweep-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True,
                                                       check=False).returncode != 0:
        pytest.skip("a file system cannot be mounted here: the test needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def shim() -> str:
    """Path of the library that makes calls fail: ACIM_FAULT_SHIM, else of the default preset."""
    path = os.environ.get("ACIM_FAULT_SHIM", "")
    path = path or str(ROOT / "build" / "default" / "tests" / "reliability" / "libfault_shim.so")
    if not Path(path).exists():
        pytest.skip(f"{path} is missing: build the target fault_shim, or set ACIM_FAULT_SHIM")
    return path


def shim_environment(*rules: str, clock: str = "", trace: Path | None = None,
                     traced: str = "*") -> dict[str, str]:
    """The environment in which these rules hold (tests/reliability/README.md)."""
    changes = {"LD_PRELOAD": shim(), "ACIM_FAULT": ";".join(rules),
               # A program with AddressSanitizer wants to be the first library otherwise.
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    if clock:
        changes["ACIM_FAULT_CLOCK"] = clock
    if trace is not None:
        changes |= {"ACIM_FAULT_TRACE": str(trace), "ACIM_FAULT_TRACED": traced}
    return dict(os.environ) | changes


def command(folder: Path, sweep: Sweep, *options: object) -> list[str]:
    """`acimsweep run` of the sweep into the folder."""
    words = [binary(), "run", SWEEP, "-o", folder, "-q", *set_options(sweep.settings), *options]
    return list(map(str, words))


def launch(words: list[str], environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """The command in the background, with both streams as text."""
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment)


def under_faults(words: list[str], *rules: str, **kinds: object) -> subprocess.CompletedProcess[str]:
    """The command to its end, where the rules hold; kinds as shim_environment has them."""
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False,
                          env=shim_environment(*rules, **kinds))


def units_there(text: str) -> tuple[int, int, int]:
    """(found, planned, ran) as `run` tells them."""
    numbers = re.search(r"(\d+) of (\d+) units were there, (\d+) ran", text)
    assert numbers, text
    return tuple(map(int, numbers.groups()))


def without_company(err: str) -> str:
    """Standard error without the line that tells of another run in the same directory."""
    return re.sub(r"acimsweep: warning: .*: another run seems to be at work here: .*\n", "", err)


def assert_storage_failure(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Exit code 4 and one line that holds the parts."""
    assert result.returncode == 4, (result.returncode, result.stdout, result.stderr)
    assert result.stderr.startswith("acimsweep: ") and result.stderr.count("\n") == 1, result.stderr
    assert "internal error" not in result.stderr
    for part in parts:
        assert part in result.stderr, result.stderr


def assert_opens(folder: Path, scratch: Path) -> None:
    """Where a plan is, status, check and merge take the directory as it is."""
    if not (folder / "plan.json").exists():
        return
    for words in (["status", folder], ["check", folder], ["merge", folder, "-o", scratch]):
        result = run(*words)
        assert (result.returncode, result.stderr) == (0, ""), (words, result.stdout, result.stderr)


def assert_goes_on(folder: Path, sweep: Sweep) -> None:
    """The same command finds everything that is stored, runs the rest, and gives the same bytes."""
    kept = set(stored_units(folder)) if (folder / "segments").exists() else set()
    result = run(*command(folder, sweep)[1:])
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    assert units_there(result.stdout) == (len(kept), sweep.units, sweep.units - len(kept))
    units = stored_units(folder)
    assert kept <= set(units) and len(set(units)) == sweep.units
    assert (folder / "results.h5").read_bytes() == sweep.golden


def leftovers(folder: Path) -> list[Path]:
    """Temporary files that a writer left."""
    return sorted(folder.glob("**/.*.tmp"))


def change_attempt(path: Path, **values: object) -> None:
    """Other values in one runs/<token>.json."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
