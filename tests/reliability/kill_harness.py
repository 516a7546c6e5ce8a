#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills runs of a sweep with SIGKILL at random moments and checks after each that nothing that was
reported complete is lost, that nothing counts twice and that the directory opens.

    /usr/bin/python3 tests/reliability/kill_harness.py --kills 1000 --seed 1

A round is one run directory, from nothing to results.h5, which has to have the bytes of an undisturbed
run; every other round has two shard workers at once. Half of the kills come from outside after a random
time, half from inside at a random storage call (fault_shim.c), so that short steps are hit too. The
choices follow from the seed, the moments also from the machine.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parents[1] / "python")]

from fault_cases import (Sweep, command, launch, make_sweep, shim_environment,  # noqa: E402
                         under_faults, units_there, without_company)
from run_record import Record  # noqa: E402  (needs the path above)

# Steps that are over too quickly for a clock: a call in one of them is the last of its process.
FIRST_STEPS = ["mkdir:*/run*", "any:*plan.json*", "any:*/networks*"]
STEPS = ["open:*/segments/*", "write:*/segments/*", "fsync:*/segments/*", "rename:*/segments/*",
         "fsync:*/segments", "any:*/runs*"]
FOLD_FILES = 64  # FlushPolicy::fold_files (host/store/segment_writer.hpp)
# A process folds its first 64 segments; that makes its 65th.
FOLDING = ["open:*/segments/*:65", "write:*/segments/*:65", "fsync:*/segments/*:65",
           "rename:*/segments/*:65", "fsync:*/segments:66", "unlink:*/segments/*.h5:1",
           "unlink:*/segments/*.h5:33", "unlink:*/segments/*.h5:64"]
LAST_STEPS = ["open:*/.results.h5*", "write:*/.results.h5*", "fsync:*/.results.h5*",
              "rename:*/results.h5", "fsync:*/run"]


@dataclass
class Figures:
    """What came of all kills; `print_figures` has the words."""

    rounds: int = 0
    phases: collections.Counter = field(default_factory=collections.Counter)
    ways: collections.Counter = field(default_factory=collections.Counter)
    with_another: int = 0  # kills while a second worker was at work in the directory
    twice: int = 0         # most units of a directory that were stored twice, with equal bits
    reported: int = 0      # units seen complete, summed over rounds

    @property
    def kills(self) -> int:
        return sum(self.phases.values())


@dataclass
class Worker:
    """One process of the program, what it traces, and whether it was made to kill itself."""

    process: subprocess.Popen
    trace: Path
    rule: str
    found: int  # units of its part that were stored when it began

    def alive(self) -> bool:
        return self.process.poll() is None


def phase_of(worker: Worker, folder: Path) -> str:
    """What a killed process was at, by the last storage call that it began or ended."""
    text = worker.trace.read_text() if worker.trace.exists() else ""
    lines = [line for line in text.splitlines() if " look " not in line]
    if not lines:
        return "starting, planning"
    step, call, path = lines[-1].split(" ", 2)
    name = path.removeprefix(str(folder)).lstrip("/")
    if ".results.h5" in name or name == "results.h5":
        return "publishing"
    if any("results.h5" in line for line in lines):
        return "after publishing"
    if name.startswith("runs/"):
        return "recording the attempt"
    if name.startswith("segments/"):
        return "folding" if folds(lines) else "storing a segment"
    if not any(" rename " in line and "/runs/" in line for line in lines):
        return "opening the directory"
    if step == "end" and call == "fsync":  # of a directory: what was written is done
        return "publishing" if name == "runs" and has_ended(folder, lines) else "computing"
    if name == "segments":
        return "folding" if folds(lines) else "storing a segment"
    return "recording the attempt"


def folds(lines: list[str]) -> bool:
    """Whether the segment that was written or removed last is the one that others are folded into."""
    opened = [line for line in lines if line.startswith("begin open ") and "/segments/" in line]
    return len(opened) == FOLD_FILES + 1


def has_ended(folder: Path, lines: list[str]) -> bool:
    """Whether the attempt wrote its last record."""
    token = [Path(line).stem for line in lines if " rename " in line and "/runs/" in line][-1]
    return json.loads((folder / "runs" / f"{token}.json").read_text())["stop"] != ""


class Round:
    """One run directory, killed until it is complete."""

    def __init__(self, folder: Path, sweep: Sweep, random_: random.Random, figures: Figures,
                 seconds: float) -> None:
        self.folder, self.sweep, self.random, self.figures = folder, sweep, random_, figures
        self.seconds = seconds  # that an undisturbed run takes
        self.folds = sweep.units > 256 * FOLD_FILES
        self.parts = ["0/2", "1/2"] if figures.rounds % 2 and not self.folds else ["0/1"]
        self.record = Record(folder / "run", sweep)
        self.workers: dict[str, Worker] = {}
        self.started = 0
        folder.mkdir()

    def go(self, kills: int) -> None:
        """Until the results are there; after so many kills of all rounds without any more."""
        try:
            while self.parts:
                self.step(self.figures.kills < kills)
            results = (self.record.folder / "results.h5").read_bytes()
            assert results == self.sweep.golden, "results.h5 differs from an undisturbed run"
        finally:
            for worker in self.workers.values():
                worker.process.kill()
                worker.process.wait()
        self.figures.rounds += 1
        self.figures.reported += len(self.record.reported)

    def step(self, kill: bool) -> None:
        """Starts what does not run, makes one or all of it die, and looks at what is left."""
        inside = self.random.random() < 0.5 or self.folds
        victims = list(self.parts) if self.random.random() < 0.25 else [
            self.random.choice(self.parts)]
        for part in self.parts:
            if part not in self.workers:
                self.workers[part] = self.start(
                    part, self.rule() if kill and inside and part in victims else "")
        if not kill:
            self.wait(self.parts, None)
        elif all(self.workers[part].rule for part in victims):
            self.wait(victims, 4.0 * self.seconds)  # or it does not meet its rule, and ends
        else:
            time.sleep(self.random.uniform(0.0, self.seconds * (0.3 + 0.7 * self.left())))
            for part in victims:
                self.workers[part].process.kill()
                self.workers[part].process.wait()
        for part in [part for part, worker in self.workers.items() if not worker.alive()]:
            self.ended(part, self.workers.pop(part))

    def wait(self, parts: list[str], limit: float | None) -> None:
        """For the end of these, or so many seconds for each."""
        for part in parts:
            try:
                self.workers[part].process.wait(limit)
            except subprocess.TimeoutExpired:
                continue

    def count(self, part: str) -> int:
        """Units of a part that are stored now."""
        return len(set(self.record.stored(part)))

    def left(self) -> float:
        """The fraction of the units that were not stored when somebody looked last."""
        return 1.0 - len(self.record.reported) / self.sweep.units

    def rule(self) -> str:
        """A storage call that will be the last one, before or after it is made or half made."""
        if self.folds and not self.record.reported:
            rule = self.random.choice(FOLDING)
            return f"{rule}:{self.random.choice(['KILL', 'KILLED'])}"
        segments = 1 + int(self.left() * self.sweep.units / 256 / len(self.parts))
        kind = self.random.random()
        if kind < 0.3:
            step, most = f"any:{self.record.folder}*", 12 + 8 * segments
        elif kind < 0.5 and not (self.record.folder / "runs").exists():
            step, most = self.random.choice(FIRST_STEPS), 4
        elif kind < 0.5 and self.parts == ["0/1"]:
            step, most = self.random.choice(LAST_STEPS), 1
        else:
            step, most = self.random.choice(STEPS), min(3, segments)
        count = self.random.randint(1, most)
        if step.startswith("write") and self.random.random() < 0.5:
            return f"{step}:{count}:SHORT;{step}:{count + 1}:KILL"
        return f"{step}:{count}:{self.random.choice(['KILL', 'KILLED'])}"

    def start(self, part: str, rule: str) -> Worker:
        self.started += 1
        trace = self.folder / f"trace-{self.started}"
        environment = shim_environment(*filter(None, [rule]), trace=trace,
                                       traced=f"{self.record.folder}*")
        words = command(self.record.folder, self.sweep, "--threads", 1, "--shard", part)
        return Worker(launch(words, environment), trace, rule, self.count(part))

    def ended(self, part: str, worker: Worker) -> None:
        """One that is gone: killed, so that it is started again, or done."""
        out, err = worker.process.communicate()
        err = without_company(err)
        code = worker.process.returncode
        assert code in (0, -9), (code, out, err)
        if code == -9:
            assert err == "", err
            self.figures.phases[phase_of(worker, self.record.folder)] += 1
            self.figures.ways["inside a storage call" if worker.rule else "after a time"] += 1
            self.figures.with_another += any(other.alive() for other in self.workers.values())
        self.record.check([w.process for w in self.workers.values()])
        self.figures.twice = max(self.figures.twice, self.record.twice)
        if code == 0:
            found, planned, ran = units_there(out)
            assert (found, err) == (worker.found, ""), (out, err, worker.found)
            assert found + ran == planned == self.count(part), out
            self.parts.remove(part)
            if not self.parts and part != "0/1":
                self.parts.append("0/1")  # a whole run publishes


def kill_runs(kills: int, seed: int, chips: int, scratch: Path, folding: bool = True) -> Figures:
    """Rounds until so many processes were killed; every eighth is so large that its segments are folded.
    AssertionError with what is wrong."""
    sweep = make_sweep(scratch, chips)
    begin = time.monotonic()
    assert under_faults(command(scratch / "timed", sweep, "--threads", 1)).returncode == 0
    seconds = time.monotonic() - begin
    sweeps = [(sweep, seconds)] * 7
    if folding:
        large = make_sweep(scratch / "large", FOLD_FILES * 16 + 48)
        sweeps.append((large, seconds * large.units / sweep.units))
    figures, moments = Figures(), random.Random(seed)
    while figures.kills < kills:
        name = f"round-{figures.rounds}"
        chosen, length = sweeps[figures.rounds % len(sweeps)]
        Round(scratch / name, chosen, moments, figures, length).go(kills)
        shutil.rmtree(scratch / name)
    return figures


def print_figures(figures: Figures, seconds: float) -> None:
    print(f"{figures.kills} kills in {figures.rounds} rounds, {seconds:.0f} s; "
          f"{figures.with_another} while another worker was at work in the directory")
    for title, counts in (("by phase", figures.phases), ("by way", figures.ways)):
        print(title + ": " + ", ".join(f"{name} {n}" for name, n in counts.most_common()))
    print(f"{figures.reported} units reported complete, 0 lost, 0 counted twice; at most "
          f"{figures.twice} of a directory were stored twice, with equal bits; every results.h5 "
          "equal to that of an undisturbed run")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chips", type=int, default=96, help="16 units each; 256 units a segment")
    parser.add_argument("--folder", type=Path, help="where to work (a directory that stays)")
    options = parser.parse_args()
    begin = time.monotonic()
    if options.folder is not None:
        options.folder.mkdir(parents=True)
        figures = kill_runs(options.kills, options.seed, options.chips, options.folder)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            figures = kill_runs(options.kills, options.seed, options.chips, Path(scratch))
    print_figures(figures, time.monotonic() - begin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
