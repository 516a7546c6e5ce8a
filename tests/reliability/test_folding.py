# SPDX-License-Identifier: Apache-2.0
"""Reading while workers fold their segments: files go after they were listed, and a listing may show
neither the old name nor the new one. (Kills of workers that fold: kill_harness.py, crash_test.cpp.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from fault_cases import Sweep, command, under_faults, units_there
from sweep_cases import segments

RULES = [["look:*/segments/*:1:MOVE"], ["look:*/segments/*:1-3:MOVE"], ["look:*/segments/*:2:MOVE"],
         ["list:*/segments/*.h5:1:HIDE"], ["list:*/segments/*.h5:1-3:HIDE"]]


@pytest.fixture
def folder(tiny: Sweep, tmp_path: Path) -> Path:
    """A finished run of three segments."""
    assert under_faults(command(tmp_path / "run", tiny)).returncode == 0
    assert len(segments(tmp_path / "run")) == 3
    return tmp_path / "run"


@pytest.mark.parametrize("rules", RULES, ids=["first", "all", "second", "one hidden", "all hidden"])
def test_reading_while_segments_are_folded(tiny: Sweep, folder: Path, rules: list[str]) -> None:
    """Every command finds all units, also those whose file has just got another name."""
    program, merged = command(folder, tiny)[0], folder.parent / "m.h5"
    for words, said in ((["status", folder], f"{tiny.units} of {tiny.units} units done"),
                        (["merge", folder, "-o", merged], f"{tiny.units} finished work units"),
                        (["check", folder], f"{tiny.units} planned, 0 missing. Nothing is damaged")):
        result = under_faults([program, *map(str, words)], *rules)
        assert (result.returncode, result.stderr) == (0, ""), (words, result.stdout)
        assert said in result.stdout
    assert merged.read_bytes() == tiny.golden
    result = under_faults(command(folder, tiny), *rules)
    assert (result.returncode, result.stderr) == (0, "")
    assert units_there(result.stdout) == (tiny.units, tiny.units, 0)
    assert (folder / "results.h5").read_bytes() == tiny.golden
