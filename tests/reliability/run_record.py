# SPDX-License-Identifier: Apache-2.0
"""What was seen of a run directory so far, and whether what is there now agrees with it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import h5py
import numpy as np

from fault_cases import Sweep
from mac_cases import binary
from sweep_cases import attempts, segments

Unit = tuple[str, int, int, int]  # point id, chip, repeat, first image


class Record:
    """The units that were reported complete in a directory; they may only grow."""

    def __init__(self, folder: Path, sweep: Sweep) -> None:
        self.folder, self.sweep = folder, sweep
        self.reported: set[Unit] = set()
        self.twice = 0  # units that stand in two segments now
        self.files: dict[str, tuple[int, int, list[Unit]]] = {}

    def stored(self, part: str = "0/1") -> list[Unit]:
        """Units of all segments, or of those that workers of one part i/n wrote. Each file is read once:
        it may go, but never change."""
        start = "seg-" if part == "0/1" else f"seg-{part.replace('/', '_')}-"
        while True:
            try:
                return [unit for path in segments(self.folder) if path.name.startswith(start)
                        for unit in self.units_of(path)]
            except FileNotFoundError:
                continue  # A worker folded it into another one meanwhile.

    def units_of(self, path: Path) -> list[Unit]:
        status = path.stat()
        known = self.files.get(path.name)
        if known is not None:
            assert known[:2] == (status.st_size, status.st_mtime_ns), f"{path} changed"
            return known[2]
        with h5py.File(path) as file:
            units = unit_rows(file, file["point_id"].asstr()[()])
        self.files[path.name] = (status.st_size, status.st_mtime_ns, units)
        return units

    def check(self, running: list[subprocess.Popen]) -> None:
        """After a kill: AssertionError where anything is lost, counted twice or does not open. More may
        appear meanwhile where other processes run."""
        told = sum(attempt["units_done"] for attempt in attempts(self.folder))
        units = self.stored()
        now, before = set(units), self.reported
        assert before <= now, f"{self.folder}: {len(before - now)} units are lost"
        assert told <= len(now), f"{self.folder}: attempts told {told} units, {len(now)} are there"
        self.reported, self.twice = now, len(units) - len(now)
        if (self.folder / "plan.json").exists():
            self.check_commands(running)
        else:
            assert not now, "trials without a plan"

    def check_commands(self, running: list[subprocess.Popen]) -> None:
        """status, check and merge at the same time; what they count."""
        busy = any(process.poll() is None for process in running)
        merged = self.folder.parent / "merged.h5"
        status, check, merge = self.outputs(["status", self.folder], ["check", self.folder],
                                            ["merge", self.folder, "-o", merged])
        assert "Nothing is damaged" in check, check
        planned = self.sweep.units
        done, of = map(int, re.search(r"(\d+) of (\d+) units done", status).groups())
        rows = int(re.search(r"(\d+) finished work units", merge).group(1))
        with h5py.File(merged) as file:
            units = unit_rows(file, file["point_id"].asstr()[()])
        assert len(units) == len(set(units)) == rows, f"{merged}: units count twice"
        assert self.reported <= set(units) and of == planned
        missing = int(re.search(rf"{planned} planned, (\d+) missing", check).group(1))
        counts = {done, rows, planned - missing}
        assert min(counts) >= len(self.reported), (status, check, merge)
        assert busy or counts == {len(self.reported)}, (status, check, merge)

    def outputs(self, *commands: list) -> list[str]:
        """What these commands say; all have to end with 0 and without a warning."""
        processes = [subprocess.Popen([binary(), *map(str, words)], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True) for words in commands]
        texts = []
        for words, process in zip(commands, processes):
            out, err = process.communicate(timeout=120)
            assert (process.returncode, err) == (0, ""), (words, process.returncode, out, err)
            texts.append(out)
        return texts


def unit_rows(file: h5py.File, ids: np.ndarray) -> list[Unit]:
    """The units of a segment or a results file, in the order of its rows."""
    rows = file["trials"]
    columns = [rows[name][()].tolist() for name in ("chip", "repeat", "first_image")]
    return list(zip(ids[rows["point"][()]].tolist(), *columns))
