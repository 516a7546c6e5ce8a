# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import write_results

from acimsweep import ResultsError, open_results
from acimsweep.pareto import front_table, main, pareto_front

PACKAGE = Path(__file__).resolve().parents[1]


def brute_force(table: np.ndarray) -> np.ndarray:
    front = ~np.isnan(table).any(axis=1)
    for i, mine in enumerate(table):
        for other in table:
            if (other >= mine).all() and (other > mine).any():
                front[i] = False
    return front


def test_front_equals_brute_force() -> None:
    random = np.random.default_rng(5)
    members = 0
    for _ in range(200):
        table = random.integers(0, 7, (random.integers(1, 40), random.integers(1, 4))).astype(float)
        table[random.random(table.shape) < 0.03] = np.nan
        front = pareto_front(table)
        np.testing.assert_array_equal(front, brute_force(table))
        members += front.sum()
    assert members > 200


def test_front_keeps_ties_and_refuses_other_ranks() -> None:
    assert list(pareto_front([[1, 2], [1, 2], [0, 2]])) == [True, True, False]
    assert pareto_front(np.empty((0, 2))).shape == (0,)
    with pytest.raises(ValueError, match="rank 1"):
        pareto_front([1.0, 2.0])


def test_front_table(results_path: Path) -> None:
    table = front_table(open_results(results_path))
    assert len(table) == 9
    assert table["tops_per_watt"].is_monotonic_decreasing
    # Efficiency depends on bits alone, so each number of bits has its noise-free point in front.
    front = table[table["on_front"]]
    assert sorted(front["macro.adc.bits"]) == [5, 6, 8]
    assert (front["macro.noise.random.sigma"] == 0).all()


def test_front_table_needs_finished_points(results_path: Path) -> None:
    with h5py.File(results_path, "r+") as file:
        file["accuracy"][:] = np.nan
    with pytest.raises(ResultsError, match="no finished point"):
        front_table(open_results(results_path))


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, PYTHONPATH=str(PACKAGE))
    command = [sys.executable, "-m", "acimsweep.pareto", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_command_writes_both_plots(results_path: Path, tmp_path: Path) -> None:
    svg, png = tmp_path / "front.svg", tmp_path / "front.png"
    done = run_module(str(results_path), "--svg", str(svg), "--png", str(png))
    assert done.returncode == 0, done.stderr
    assert png.read_bytes().startswith(b"\x89PNG")
    text = svg.read_text()
    for label in ("TOPS/W", "Top-1 accuracy [%]", "ADC resolution [bit]", "Pareto front"):
        assert f"<!-- {label}" in text or label in text, label


def test_plots_are_reproducible(results_path: Path, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        assert main([str(results_path), "--svg", str(tmp_path / name)]) == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_one_chip_and_no_axes_still_plot(tmp_path: Path) -> None:
    path = write_results(tmp_path / "results.h5")
    with h5py.File(path, "r+") as file:
        for name in ("accuracy_ci_low", "accuracy_ci_high"):
            file[name][:] = np.nan
        for name in ("macro.adc.bits", "macro.noise.random.sigma"):
            del file[name]
    assert main([str(path), "--png", str(tmp_path / "plain.png")]) == 0


def test_command_reports_bad_input(tmp_path: Path) -> None:
    done = run_module(str(tmp_path / "absent.h5"), "--svg", str(tmp_path / "x.svg"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and "no such file" in done.stderr
    assert "Traceback" not in done.stderr
    path = write_results(tmp_path / "results.h5")
    assert main([str(path)]) == 2
    assert main([str(path), "--svg", str(tmp_path / "absent" / "x.svg")]) == 4
