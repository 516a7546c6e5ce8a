# SPDX-License-Identifier: Apache-2.0
"""The short form of kill_harness.py, and proof that its checks can fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fault_cases import Sweep, command, under_faults
from kill_harness import kill_runs
from run_record import Record
from sweep_cases import segments


def test_fifty_kills(tmp_path: Path) -> None:
    figures = kill_runs(50, seed=3, chips=32, scratch=tmp_path, folding=False)
    assert figures.kills >= 50 and figures.rounds >= 2
    assert len(figures.phases) >= 4, figures.phases
    assert min(figures.ways.values()) >= 10, figures.ways


def test_a_lost_segment_is_seen(tiny: Sweep, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert under_faults(command(folder, tiny)).returncode == 0
    record = Record(folder, tiny)
    record.check([])
    assert len(record.reported) == tiny.units and record.twice == 0
    lost = segments(folder)[-1]
    lost.rename(tmp_path / "kept")
    with pytest.raises(AssertionError, match="units are lost"):
        record.check([])
    with pytest.raises(AssertionError, match=r"attempts told \d+ units, \d+ are there"):
        Record(folder, tiny).check([])
    shutil.copy(tmp_path / "kept", lost)
    with pytest.raises(AssertionError, match="changed"):
        record.check([])
    shutil.copy(lost, lost.with_name("seg-again.h5"))
    again = Record(folder, tiny)
    again.check([])
    assert again.twice > 0 and len(again.reported) == tiny.units
