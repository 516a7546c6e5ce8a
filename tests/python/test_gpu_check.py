# SPDX-License-Identifier: Apache-2.0
"""scripts/gpu-check from its first step after the build to the table, on a device that is faked
(tests/check/fake_device.cpp) and a PyTorch that only answers."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from scripts_as_modules import ROOT, load

check = load("gpu-check")
CHECK = ROOT / "scripts/gpu-check"
FAKE = os.environ.get("ACIM_FAKE_GPU_CHECK")
needs_fake = pytest.mark.skipif(not FAKE, reason="ACIM_FAKE_GPU_CHECK names no program")

# Answers as bench/pytorch_layer.py does: 1e9, 2e9 and 4e9 conversions/s.
PYTORCH = """#!/bin/sh
[ "$1" = -c ] && exit 0
case "$*" in
*--int8*) echo '{"int8": true, "products_per_second": 3.6e13}' ;;
*) for n in off:1e9 lossless:2e9 table:4e9; do
   echo "{\\"noise\\": \\"${n%:*}\\", \\"conversions_per_second\\": ${n#*:}, \\"best_batch\\": 8}"
   done ;;
esac
"""


def run(folder: Path, *options: object, fake: str = "",
        pytorch: str = PYTORCH) -> subprocess.CompletedProcess:
    """Run scripts/gpu-check on the faked device."""
    python = folder / "python"
    python.write_text(pytorch)
    python.chmod(0o755)
    command = [CHECK, "--program", FAKE, "--build", folder, "--quick", "--python", python, *options]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          cwd=folder, env=os.environ | {"ACIM_FAKE_DEVICE": fake})


@needs_fake
def test_one_command_gives_table_and_report(tmp_path: Path) -> None:
    """Parity passes, ratios are those of the made-up yardstick."""
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "gpu-check.json").read_text())
    assert report["failed"] is False
    variants = report["parity"]
    assert len(variants) == 2
    for variant in variants.values():
        assert variant["cases"] > 5
        assert variant["compared_bytes"] > 1000
        assert variant["different_bytes"] == 0
    rows = {row["case"]: row for row in report["rows"]}
    assert set(rows) == {f"conv256/{n}" for n in ("product", "events", "lossless", "table", "votes",
                                                  "wide", "chip")}
    for name, rate in (("product", 1e9), ("lossless", 2e9), ("table", 4e9)):
        row = rows[f"conv256/{name}"]
        assert row["least"] <= row["median"] <= row["most"]
        assert row["ratio"] == pytest.approx(row["median"] / rate)
        assert row["goal"] == check.NOISES[name][1]
    assert rows["conv256/chip"]["ratio"] is None
    # 3.6e13 products make 1e13 conversions of 8 x 8 bits in 10 groups of 2304 rows.
    assert rows["conv256/product"]["bounds"] == {"int8": pytest.approx(1e13)}
    assert "conv256/table" in done.stdout
    assert "of least" in done.stdout


@needs_fake
def test_a_wrong_bit_fails(tmp_path: Path) -> None:
    """The report is written all the same and names the first difference."""
    done = run(tmp_path, fake="wrong")
    assert done.returncode == 1
    report = json.loads((tmp_path / "gpu-check.json").read_text())
    assert report["failed"] is True
    assert all(v["different_bytes"] > 0 and v["failures"] for v in report["parity"].values())
    assert "DIFFERENT: operators/digital" in done.stdout
    assert "FAILED" in done.stdout


@needs_fake
def test_a_device_that_is_lost_leaves_what_was_found(tmp_path: Path) -> None:
    """Parity ends at the first failure, the other sections run in processes of their own."""
    done = run(tmp_path, fake="lost")
    assert done.returncode == 1
    report = json.loads((tmp_path / "gpu-check.json").read_text())
    assert report["failed"] is True
    assert report["pins"]["equal"]
    [variant] = report["parity"].values()  # the second one is left out
    assert variant["cases"] == 3
    assert len(variant["failures"]) == 1
    assert "the fake device has failed" in variant["failures"][0]
    assert done.stdout.count("DIFFERENT:") == 1
    assert report["speed"] == []  # lost while the first case was measured
    assert "STOPPED: the fake device has failed" in done.stdout


@needs_fake
def test_a_crash_names_the_case_under_way(tmp_path: Path) -> None:
    """No report of that section, but its reason; PyTorch is not asked where no speed is."""
    done = run(tmp_path, "--only", "parity", fake="crash")
    assert done.returncode == 1
    report = json.loads((tmp_path / "gpu-check.json").read_text())
    assert report["parity"]["error"].startswith("ended with -6")
    assert report["parity"]["case"].startswith("as users run it: ")
    assert report["parity"]["case"] in done.stderr
    assert "pins" not in report
    assert report["pytorch"] == {} and "PyTorch" not in done.stderr
    assert not list(tmp_path.glob("gpu-check.[pc]a*"))


@needs_fake
def test_a_section_that_throws_leaves_the_others(tmp_path: Path) -> None:
    """Pins fail, parity and speeds are there."""
    done = run(tmp_path, fake="pins")
    assert done.returncode == 1
    report = json.loads((tmp_path / "gpu-check.json").read_text())
    assert report["pins"] == {"error": "a pin has failed"}
    assert all(variant["different_bytes"] == 0 for variant in report["parity"].values())
    assert report["rows"]


@needs_fake
def test_some_cases_alone(tmp_path: Path) -> None:
    """--match takes all cases of that name, however few a quick run takes of the others."""
    done = run(tmp_path, "--match", "conv256/table", "--only", "speed")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "gpu-check.json").read_text())
    assert [row["case"] for row in report["rows"]] == ["conv256/table"]
    assert "parity" not in report


@needs_fake
@pytest.mark.parametrize(("option", "status"), [([], 0), (["--check"], 1)])
def test_a_missed_goal_counts_on_demand(tmp_path: Path, option: list[str], status: int) -> None:
    """A yardstick as fast as the fake, so that no ratio reaches its goal."""
    done = run(tmp_path, *option, pytorch=PYTORCH.replace(":1e9", ":1e12"))
    report = json.loads((tmp_path / "gpu-check.json").read_text())
    assert done.returncode == status
    assert any(sentence.startswith("conv256/product") for sentence in report["missed"])
    for sentence in report["missed"]:
        assert f"missed: {sentence}" in done.stdout


@needs_fake
def test_a_program_without_a_device_is_a_skip(tmp_path: Path) -> None:
    """Status 77 and the engine's own advice."""
    done = run(tmp_path, fake="none")
    assert done.returncode == 77
    assert done.stdout == "gpu_check: no device was faked\n"


@needs_fake
@pytest.mark.parametrize(("arguments", "said"), [
    (["--only", "all"], "--only 'all'"), (["--rounds", "0"], "--rounds '0'"), (["--x"], "'--x'"),
    (["--devices", "0,,1"], "--devices ''"), (["--seconds"], "lacks its value")])
def test_gpu_check_refuses_wrong_arguments(arguments: list[str], said: str) -> None:
    """Status 2 and one line."""
    done = subprocess.run([FAKE, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


REPORT = {
    "platform": {"devices": [{"processors": 100, "clock": 1.5e9}]},
    "pins": {"pipes": [
        {"name": "LOP3", "median": 6.4e12, "per_cycle_and_processor": 64.0},
        {"name": "IMAD.WIDE", "median": 3.2e12, "per_cycle_and_processor": 32.0},
        {"name": "LDS, random banks", "median": 0.8e12, "per_cycle_and_processor": 8.0},
        {"name": "copy", "median": 4e12, "per_cycle_and_processor": 0.0}]}}
LOOP = {"conversions": 1024.0, "sm": 90,
        "path": {"issue": 400, "alu": 240, "imad": 120, "fma": 130, "shared": 32, "tensor": 8,
                 "by_name": {"IMAD.WIDE": 80}}}


def test_bounds_by_hand() -> None:
    """Cycles of a warp's turn: issue 400*32/128, ALU 240*32/64, FMA 40*32/64 + 80*32/32 + 10*32/128,
    gathers 32*32/8; tensor cores were not measured. 100 multiprocessors at 1 GHz."""
    assert check.measured_clock(REPORT) == 1e9
    bounds = check.loop_bounds(REPORT, LOOP)
    cycles = {"issue": 100.0, "ALU": 120.0, "FMA": 102.5, "shared": 128.0}
    assert bounds == {pipe: pytest.approx(1024 * 1e11 / c) for pipe, c in cycles.items()}


def test_bounds_without_measured_rates() -> None:
    """The guide's lanes and the device's clock; 3.53 wavefronts for a gather."""
    bounds = check.loop_bounds({"platform": REPORT["platform"]}, LOOP)
    every = 1024 * 1.5e9 * 100
    assert bounds["ALU"] == pytest.approx(every / 120)
    assert bounds["FMA"] == pytest.approx(every / 62.5)
    assert bounds["shared"] == pytest.approx(every / (32 * 3.53))


def test_rows_and_missed_goals() -> None:
    """Half of the least bound and 59 times PyTorch: only the ratio is missed."""
    case = {"case": "conv256/table", "least": 3e11, "median": 4e11, "most": 5e11}
    pytorch = {"conv256/table": {"conversions_per_second": 4e11 / 59, "best_batch": 4}}
    row = check.row_of(case, REPORT, pytorch, {"table": LOOP})
    assert row["fraction"] == pytest.approx(4e11 / 8e11)
    assert check.missed([row]) == ["conv256/table: 59.0 times PyTorch, the goal is 60"]
    slow = check.row_of(case | {"median": 1e11}, REPORT, {}, {"table": LOOP})
    assert check.missed([slow]) == ["conv256/table: 12% of the least bound, the goal is 50%"]
    assert check.missed([check.row_of(case, REPORT, {}, {})]) == []
