# SPDX-License-Identifier: Apache-2.0
"""Objectives, the front of a sweep, and the command that `acimsweep pareto` calls."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from conftest import write_results
from sweeps import made_results

from acimsweep import ResultsError, open_store
from acimsweep.columns import SelectionError
from acimsweep.design_front import find_front
from acimsweep.objectives import parse_objectives
from acimsweep.pareto import main
from acimsweep.pareto_text import pareto_text

PACKAGE = Path(__file__).resolve().parents[1]


def test_default_front(results_path: Path) -> None:
    found = find_front(open_store(results_path))
    assert len(found.table) == 9
    assert found.table["tops_per_watt"].is_monotonic_decreasing
    # Efficiency depends on bits alone, so each number of bits has its noise-free point in front.
    assert sorted(found.front["macro.adc.bits"]) == [5, 6, 8]
    assert (found.front["macro.noise.random.sigma"] == 0).all()


def test_front_needs_finished_points(results_path: Path) -> None:
    with h5py.File(results_path, "r+") as file:
        file["accuracy"][:] = np.nan
    with pytest.raises(ResultsError, match="no finished point"):
        find_front(open_store(results_path))


def test_directions_groups_and_references() -> None:
    results = made_results(
        [[0.5, 0.5], [0.6, 0.6], [0.7, 0.7], [0.4, 0.4]], deterministic=1,
        points={"energy": [1.0, 3.0, 2.0, 4.0], "kind": ["a", "a", "b", "b"]})
    assert list(find_front(results, "accuracy,energy").front.index) == [0, 2]
    assert list(find_front(results, "accuracy:min,energy").front.index) == [0, 3]
    grouped = find_front(results, "accuracy,energy", group_by="kind", reference=[0.4, 4.0])
    assert sorted(grouped.front.index) == [0, 1, 2]
    assert grouped.hypervolumes["a"].volume == pytest.approx(0.1 * 3 + 0.1 * 1)
    assert grouped.hypervolumes["b"].volume == pytest.approx(0.3 * 2)
    assert grouped.hypervolumes["b"].normalised == pytest.approx(0.6 / (0.3 * 3))
    assert grouped.hypervolumes["b"].reference == (0.4, 4.0)
    assert (find_front(results, "accuracy,energy,x:max").front["front_probability"] == 1).all()


def test_yield_as_an_objective() -> None:
    results = made_results([[0.89, 0.91, 0.92], [0.95, 0.85, 0.80], [0.99, np.nan, np.nan]],
                           points={"energy": [2.0, 1.0, 3.0]})
    found = find_front(results, "yield,energy", spec=0.9)
    np.testing.assert_allclose(found.table["yield"].loc[[0, 1, 2]], [2 / 3, 1 / 3, 1])
    assert np.isnan(found.table["front_probability"][2])  # noisy, with one chip
    assert found.objectives[0].label == "Yield at accuracy ≥ 90 %"
    # Point 0 needs one chip more than point 1: by chips (0,1,1) against (1,0,0) of three draws.
    assert found.table["front_probability"][1] == 1
    assert found.table["front_probability"][0] == pytest.approx(1 - 7 / 27, abs=0.05)


def test_objectives_that_make_no_sense() -> None:
    table = pd.DataFrame({"accuracy": [0.5], "macro.rows": [3], "network_hash": ["a"]})
    cases = {
        "accuracy": "name two or three", "accuracy,": "name two or three",
        "accuracy,accuracy": "stands twice", "accuracy,acuracy": "no objective is called 'acuracy'. "
        "Near: 'accuracy'", "accuracy,yield": "Give the specification",
        "accuracy,macro.rows": "say which way is better", "accuracy,rows:up": "max or min",
        "accuracy,area": "have no column 'area'", "accuracy,network_hash:max": "the column is text",
    }
    for text, words in cases.items():
        with pytest.raises(SelectionError, match=words):
            parse_objectives(text, table, {})
    assert parse_objectives("accuracy,rows:min", table, {"macro.rows": "1"})[1].axis_label == "rows"
    results = made_results([[0.5, 0.5]], points={"energy": [1.0]})
    for options, words in (({"spec": 90.0}, "from 0 to 1"), ({"where": "x > 5"}, "no point fulfils"),
                           ({"reference": [1.0]}, "reference of 1 values for 2"),
                           ({"group_by": "y"}, "no column is called 'y'")):
        with pytest.raises(ResultsError, match=words):
            find_front(results, "accuracy,energy", **options)


def run_module(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, PYTHONPATH=str(PACKAGE))
    command = [sys.executable, "-m", "acimsweep.pareto", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_command_writes_table_and_both_plots(results_path: Path, tmp_path: Path) -> None:
    svg, png = tmp_path / "front.svg", tmp_path / "front.png"
    done = run_module(results_path, "--svg", svg, "--png", png, "--csv", tmp_path / "front.csv")
    assert done.returncode == 0, done.stderr
    assert "9 of 9 points" in done.stdout and "P(front)" in done.stdout
    assert png.read_bytes().startswith(b"\x89PNG")
    text = svg.read_text()
    for label in ("TOPS/W", "Top-1 accuracy [%]", "ADC resolution [bit]", "Pareto front"):
        assert f"<!-- {label}" in text or label in text, label
    table = pd.read_csv(tmp_path / "front.csv")
    assert len(table) == 9 and table["on_front"].sum() == 3 and "point_json" not in table


def test_rows_begin_with_the_number_of_the_point(results_path: Path) -> None:
    results = open_store(results_path)
    found = find_front(results, "tops_per_watt,accuracy", where="sigma < 0.5")
    head, *rows = [line.split() for line in pareto_text(found).splitlines()[1:-1]]
    assert head[:3] == ["point", "macro.adc.bits", "macro.noise.random.sigma"]
    assert [int(row[0]) for row in rows] == list(found.table.index) != sorted(found.table.index)
    for number, bits, *_ in rows:
        assert int(bits) == results.points["macro.adc.bits"][int(number)]


def test_a_specification_shows_the_yield_of_any_objectives(results_path: Path) -> None:
    results = open_store(results_path)
    plain = pareto_text(find_front(results)).splitlines()
    text = pareto_text(find_front(results, spec=0.72)).splitlines()
    assert "yield %" not in plain[1] and "yield %   " in text[1]
    row = next(line for line in text[2:] if line.split()[0] == "4")  # 13, 13 and 12 of 20 images
    assert row.split()[8:12] == ["0", "0", "..", "70.76"]
    row = next(line for line in text[2:] if line.split()[0] == "3")  # 15 of 20 on all three chips
    assert row.split()[8:12] == ["100", "29.24", "..", "100"]
    asked = pareto_text(find_front(results, "yield,tops_per_watt", spec=0.72))
    assert asked.count("yield %") == 1


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
    for options in ([], ["--objectives", "accuracy,tops_per_watt,accuracy_ci_low:max"],
                    ["--objectives", "tops_per_watt,accuracy", "--group-by", "tops_per_watt"]):
        if "accuracy_ci_low:max" in " ".join(options):
            assert main([str(path), *options]) == 2  # nothing but NaN
        else:
            assert main([str(path), *options, "--png", str(tmp_path / "plain.png")]) == 0


def test_command_reports_bad_input(tmp_path: Path) -> None:
    done = run_module(tmp_path / "absent.h5", "--svg", tmp_path / "x.svg")
    assert done.returncode == 2
    assert done.stderr.startswith("acimsweep: ") and "no such file" in done.stderr
    assert "Traceback" not in done.stderr
    path = write_results(tmp_path / "results.h5")
    assert main([str(path), "--where", "nonsense"]) == 2
    assert main([str(path), "--svg", str(tmp_path / "absent" / "x.svg")]) == 4
    assert main([str(path), "--csv", str(tmp_path / "absent" / "x.csv")]) == 4
