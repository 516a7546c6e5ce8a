# SPDX-License-Identifier: Apache-2.0
"""What is reported complete would survive a power loss, by the order of the calls that were made: the
model of a file system that keeps nothing but what was synced, content by the file and names by the
directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from fault_cases import Sweep, command, under_faults
from sweep_cases import segments


class Model:
    """Replays a trace; `names` are the directory entries that a power loss would keep."""

    def __init__(self) -> None:
        self.names: dict[str, set[str]] = {}    # durable entries of each directory
        self.pending: dict[str, set[str]] = {}  # entries that are not synced yet
        self.synced: set[str] = set()           # temporary files since their last write
        self.reports = 0

    def replay(self, trace: Path, run: Path) -> None:
        calls = [line.split(" ", 2) for line in trace.read_text().splitlines()]
        for at, (step, call, path) in enumerate(calls):
            if step == "end":
                self.one(call, path)
                if call == "rename":
                    self.renamed(path, [c for c in calls[:at] if c[1] == "fsync"])
                if call == "rename" and path.startswith(f"{run}/runs/"):
                    self.reports += 1
                    self.expect_durable(run)

    def one(self, call: str, path: str) -> None:
        folder, name = path.rsplit("/", 1)
        if call == "write":
            self.synced.discard(path)
        elif call == "fsync":
            self.synced.add(path)
            self.names.setdefault(path, set()).update(self.pending.pop(path, ()))
        elif call == "mkdir":
            self.pending.setdefault(folder, set()).add(name)

    def renamed(self, path: str, syncs: list[list[str]]) -> None:
        """The last file that was synced is the one that gets this name; nothing was written since."""
        folder, name = path.rsplit("/", 1)
        temporary = syncs[-1][2]
        assert temporary.startswith(f"{folder}/.{name}.") and temporary.endswith(".tmp")
        assert temporary in self.synced
        self.pending.setdefault(folder, set()).add(name)

    def expect_durable(self, run: Path) -> None:
        """Everything that leads to the segments, and they themselves."""
        lost = {name for folder in (run.parent, run, run / "segments")
                for name in self.pending.get(str(folder), ())}
        assert lost == set()


def test_a_run(tiny: Sweep, tmp_path: Path) -> None:
    trace, folder, model = tmp_path / "trace", tmp_path / "run", Model()
    result = under_faults(command(folder, tiny), trace=trace, traced=f"{tmp_path}*")
    assert result.returncode == 0, result.stderr
    model.replay(trace, folder)
    assert model.reports >= 2
    assert {path.name for path in segments(folder)} <= model.names[str(folder / "segments")]
    assert {"plan.json", "segments", "results.h5"} <= model.names[str(folder)]


@pytest.mark.parametrize("rule", ["mkdir:*/run:1:KILLED", "mkdir:*/segments:1:KILLED",
                                  "rename:*/plan.json:1:KILLED", "rename:*/segments/*:1:KILLED"])
def test_going_on_after_a_kill(tiny: Sweep, tmp_path: Path, rule: str) -> None:
    """Killed between a new name and its sync: the next run syncs it before it counts on it."""
    folder, model = tmp_path / "run", Model()
    for name, rules in (("first", [rule]), ("second", [])):
        trace = tmp_path / name
        result = under_faults(command(folder, tiny), *rules, trace=trace, traced=f"{tmp_path}*")
        assert result.returncode == (-9 if rules else 0), result.stderr
        if rules:
            step, call, _ = trace.read_text().splitlines()[-1].split(" ", 2)
            assert step == "end" and rule.startswith(f"{call}:")
        model.replay(trace, folder)
    assert model.reports >= 2


def test_the_model_can_fail(tiny: Sweep, tmp_path: Path) -> None:
    """Without the sync of its directory a segment would be lost."""
    trace, folder = tmp_path / "trace", tmp_path / "run"
    under_faults(command(folder, tiny), trace=trace, traced=f"{tmp_path}*")
    kept = [line for line in trace.read_text().splitlines()
            if line != f"end fsync {folder}/segments"]
    trace.write_text("\n".join(kept) + "\n")
    with pytest.raises(AssertionError):
        Model().replay(trace, folder)
