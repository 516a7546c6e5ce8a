# SPDX-License-Identifier: Apache-2.0
"""`plan --rate`: the time on another machine, from the figures of its `bench`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mac_cases import run
from sweep_cases import SMALL, SWEEP, assert_fails, needs_data, set_options

pytestmark = needs_data

ONE_POINT = SMALL | {"grid": {}, "trials.chips": 10, "trials.repeats": 1,
                     "macro.noise.random.sigma": 0.25}


def figures(**changes: object) -> dict[str, object]:
    def case(path: str, rate: float) -> dict[str, object]:
        return {"name": f"x/{path}", "path": path, "engine": {"conversions_per_second": rate}}

    return {"schema": "acimsweep-bench", "version": 1, "engine": "cuda, 4 GPUs",
            "machine": "a node", "date": "2026-01-01T00:00:00Z", "devices": [{}] * 4,
            "cases": [case("table", 2e3), case("table", 1e3), case("product", 1e9)]} | changes


def plan(folder: Path, content: object) -> object:
    (folder / "bench.json").write_text(json.dumps(content))
    return run("plan", SWEEP, "-o", folder / "run", "--rate", folder / "bench.json",
               *set_options(ONE_POINT))


def test_time_and_gpu_hours(tmp_path: Path) -> None:
    result = plan(tmp_path, figures())
    assert result.returncode == 0, result.stderr
    assert "float network" not in result.stdout, "a login node computes no baselines"
    assert "(cuda, 4 GPUs, a node, 2026-01-01T00:00:00Z)" in result.stdout
    here = run("plan", SWEEP, "-o", tmp_path / "run", *set_options(ONE_POINT))
    conversions = re.search(r"^([\d.]+ ?[kMGT]?) conversions", here.stdout, re.M)
    assert conversions and conversions[0] in result.stdout
    number, prefix = re.match(r"([\d.]+) ?([kMGT]?)", conversions[1]).groups()
    total = float(number) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[prefix]
    hours = float(re.search(r"([\d.e+]+) GPU-hours", result.stdout)[1])
    # The slowest case of the path, 1000/s, on four GPUs. Both figures are printed to three digits.
    assert hours == pytest.approx(total / 1e3 / 3600 * 4, rel=0.01)


def test_a_machine_without_gpus(tmp_path: Path) -> None:
    result = plan(tmp_path, figures(engine="cpu, 8 threads, AVX2"))
    assert result.returncode == 0, result.stderr
    assert "hours of such a machine" in result.stdout and "GPU-hours" not in result.stdout


@pytest.mark.parametrize("content, parts", [
    ([1], ["bench --json"]),
    (figures(version=2), ["version 1"]),
    (figures(schema="other"), ["bench --json"]),
    (figures(cases=[]), ["table"]),
    (figures(cases=[{"name": "x", "path": "table", "engine": {"conversions_per_second": 0}}]),
     ["'x'", "0 conversions/s"]),
    (figures(cases=[{"path": "table"}]), ["damaged"]),
    (figures(machine=5), ["damaged"]),
])
def test_what_is_no_bench_file(tmp_path: Path, content: object, parts: list[str]) -> None:
    assert_fails(plan(tmp_path, content), 2, str(tmp_path / "bench.json"), *parts)
