# SPDX-License-Identifier: Apache-2.0
"""--engine of run, plan and bench on a machine without a GPU (or with its GPUs hidden); info."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mac_cases import run
from sweep_cases import SMALL, SWEEP, assert_fails, attempts, finished, needs_data, set_options

# The smallest work that a sweep can have.
ONE = SMALL | {
    "workload.images": 4, "trials.chips": 1, "trials.repeats": 1,
    "grid.macro.adc.bits": [8], "grid.macro.noise.random.sigma": [0.5],
}


@pytest.fixture(autouse=True)
def no_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CUDA runtime then finds no device, whatever the machine has."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")


@pytest.mark.parametrize("command", ["run", "plan", "bench"])
def test_cuda_without_a_device(tmp_path: Path, command: str) -> None:
    """Refused before anything is read or written, with what to do."""
    words = [command] if command == "bench" else [command, SWEEP, "-o", tmp_path / "run"]
    result = run(*words, "--engine", "cuda")
    assert_fails(result, 2, "--engine cuda", "--engine cpu", "CUDA")
    assert not (tmp_path / "run").exists()


@needs_data
def test_auto_is_the_cpu(tmp_path: Path) -> None:
    """Equal results, and each attempt says what it ran on."""
    results = {engine: finished(tmp_path / engine, ONE, "--engine", engine)
               for engine in ("auto", "cpu")}
    default = finished(tmp_path / "default", ONE)
    assert results["auto"].read_bytes() == results["cpu"].read_bytes() == default.read_bytes()
    for folder in ("auto", "cpu", "default"):
        (attempt,) = attempts(tmp_path / folder)
        assert attempt["engine"].startswith("cpu, ")
    assert b"threads, " not in default.read_bytes()  # as in an engine's name


@needs_data
@pytest.mark.parametrize("engine", ["auto", "cpu"])
def test_plan(tmp_path: Path, engine: str) -> None:
    result = run("plan", SWEEP, *set_options(ONE), "-o", tmp_path / "run", "--engine", engine)
    assert result.returncode == 0, result.stderr
    assert re.search(r"at \d\S* ?[kMG]? conversions/s \(measured", result.stdout)


def test_bench(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text("replaced")
    result = run("bench", "--quick", "--engine", "cpu", "--threads", "1", "--json", path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""  # no terminal, no progress
    figures = json.loads(path.read_text())
    assert figures["schema"] == "acimsweep-bench" and figures["version"] == 1
    assert figures["engine"].startswith("cpu, 1 thread, ")
    assert "cpu_engine" not in figures
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", figures["date"])
    cases = {case["name"]: case for case in figures["cases"]}
    assert set(cases) == {f"{network}/{noise}" for network in ("conv256", "conv64", "resnet20")
                          for noise in ("product", "events", "lossless", "table", "chip")
                          } | {"conv256/votes", "conv256/wide"}
    for name, case in cases.items():
        noise = name.split("/")[1]
        assert case["path"] == ("table" if noise in ("lossless", "votes", "wide") else noise)
        engine = case["engine"]
        assert engine["conversions_per_second"] > 0
        assert engine["images"] == engine["trials"] * figures["images_per_trial"]
        rate = engine["images"] * case["conversions_per_image"] / engine["seconds"]
        assert engine["conversions_per_second"] == pytest.approx(rate)
        assert re.search(rf"^{name} +{case['path']} +\S+ [kMG] ", result.stdout, re.M)
    assert "ratio" not in result.stdout


@pytest.mark.parametrize(("options", "code", "parts"), [
    (["--engine", "tpu"], 2, ["--engine", "tpu"]),
    (["--seconds", "0"], 2, ["--seconds"]),
    (["--json", "missing/bench.json"], 4, ["missing/bench.json", "directory"]),
])
def test_bench_options(options: list[str], code: int, parts: list[str]) -> None:
    assert_fails(run("bench", *options), code, *parts)


def test_info() -> None:
    """A line of CUDA with the versions, or one that says what is missing."""
    lines = run("info").stdout.splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith("CUDA ")]
    said = lines[at].removeprefix("CUDA").strip()
    if said.startswith("runtime"):
        said = lines[at + 1].strip()  # no device is visible
    assert "CUDA" in said and not said.startswith("0:")
