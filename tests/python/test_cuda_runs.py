# SPDX-License-Identifier: Apache-2.0
"""Runs on the CUDA engine: killed, interrupted, sharded, on several devices, on failing ones, and mixed
with the CPU engine. The bytes are always those of one run on the CPU."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from cuda_cases import Program, stored_values, sweep_command
from mac_cases import ROOT, run
from sweep_cases import (SWEEP, assert_fails, attempts, finished, needs_data, segments, set_options,
                         stored_units, sweep, wait_until)

pytestmark = needs_data

# Four points x 2 chips x 2 repeats = 16 units of 8 images, on paths product, lut and table.
FEW = {
    "workload.images": 8, "quantisation.images": 16, "trials.chips": 2, "trials.repeats": 2,
    "grid.macro.adc.bits": [6, 8], "grid.macro.noise.random.sigma": [0, 0.5],
    "layers": [{"match": "conv*", "analog": False}],
}
FEW_UNITS = 16

# 384 units of one image: a segment after 256 of them. Only fc2 and fc3 are analog.
MANY = FEW | {
    "workload.images": 1, "trials.chips": 24, "trials.repeats": 4,
    "layers": [{"match": "conv*", "analog": False}, {"match": "fc1", "analog": False}],
}
MANY_UNITS = 384

# A machine so small that a batch holds few units, which then are stored one after the other.
SMALL_MACHINE = {"memory_mib": 4}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory of FEW on the CPU. Tests read it only."""
    folder = tmp_path_factory.mktemp("few") / "run"
    finished(folder, FEW, "--engine", "cpu")
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """results.h5 of MANY on the CPU."""
    folder = tmp_path_factory.mktemp("many") / "run"
    return finished(folder, MANY, "--engine", "cpu").read_bytes()


def ran(text: str) -> tuple[int, int, int]:
    """(found, planned, ran) as `run` tells them."""
    numbers = re.search(r"(\d+) of (\d+) units were there, (\d+) ran", text)
    assert numbers, text
    return tuple(map(int, numbers.groups()))


def engines(folder: Path) -> set[str]:
    """"cpu" and "cuda", as far as attempts in this directory used them."""
    return {attempt["engine"].split(",")[0] for attempt in attempts(folder)}


def assert_each_once(folder: Path, planned: int) -> None:
    units = stored_units(folder)
    assert len(units) == len(set(units)) == planned


def test_all_units(cuda: Program, few: Path, tmp_path: Path) -> None:
    results = cuda.finished(tmp_path / "run", FEW)
    assert results.read_bytes() == (few / "results.h5").read_bytes()
    assert stored_values(tmp_path / "run") == stored_values(few)
    assert engines(tmp_path / "run") == {"cuda"}


def test_chips(cuda: Program, tmp_path: Path) -> None:
    """Static errors of two chips, votes, differential columns, input DACs."""
    settings = {"workload.images": 2, "trials.repeats": 1}
    file = ROOT / "tests" / "python" / "chip_sweep.yaml"
    results = cuda.finished(tmp_path / "cuda", settings, file=file)
    expected = finished(tmp_path / "cpu", settings, "--engine", "cpu", file=file)
    assert results.read_bytes() == expected.read_bytes()


def test_half_of_the_shards_on_each_engine(cuda: Program, few: Path, tmp_path: Path) -> None:
    folders = [tmp_path / f"run-{i}" for i in range(4)]
    for i, folder in enumerate(folders):
        if i % 2 == 0:
            finished(folder, FEW, "--engine", "cpu", "--shard", f"{i}/4")
        else:
            cuda.finished(folder, FEW, "--shard", f"{i}/4")
    merged = run("merge", *folders, "-o", tmp_path / "m.h5")
    assert merged.returncode == 0, merged.stderr
    assert "complete" in merged.stdout
    assert (tmp_path / "m.h5").read_bytes() == (few / "results.h5").read_bytes()


def test_started_on_the_cpu(cuda: Program, few: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    finished(folder, FEW | {"trials.chips": 1}, "--engine", "cpu")
    result = cuda.sweep(folder, FEW, "--extend")
    assert (result.returncode, result.stderr) == (0, "")
    assert ran(result.stdout) == (8, FEW_UNITS, 8)
    assert engines(folder) == {"cpu", "cuda"}
    assert_each_once(folder, FEW_UNITS)
    assert (folder / "results.h5").read_bytes() == (few / "results.h5").read_bytes()


@pytest.mark.parametrize("machine", [{"devices": 3}, {"devices": 2} | SMALL_MACHINE],
                         ids=["three_devices", "two_small_devices"])
def test_several_devices(emulated: Program, few: Path, tmp_path: Path, machine: dict) -> None:
    results = emulated.on(**machine).finished(tmp_path / "run", FEW)
    assert results.read_bytes() == (few / "results.h5").read_bytes()
    (attempt,) = attempts(tmp_path / "run")
    names = ", ".join(f"emulated device {i}" for i in range(machine["devices"]))
    assert attempt["engine"] == f"cuda, {machine['devices']} devices: {names}"


def test_kill_and_resume(emulated: Program, tmp_path: Path, many: bytes) -> None:
    """kill -9 after the first segment; the rest runs on three devices."""
    folder = tmp_path / "run"
    process = emulated.on(**SMALL_MACHINE).start(*sweep_command(folder, MANY))
    assert wait_until(lambda: len(segments(folder)) > 0)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    kept = len(stored_units(folder))
    assert 0 < kept < MANY_UNITS
    result = emulated.on(devices=3).sweep(folder, MANY)
    assert (result.returncode, result.stderr) == (0, "")
    assert ran(result.stdout) == (kept, MANY_UNITS, MANY_UNITS - kept)
    assert_each_once(folder, MANY_UNITS)
    assert (folder / "results.h5").read_bytes() == many


def test_interrupt_and_go_on_with_the_cpu(emulated: Program, tmp_path: Path, many: bytes) -> None:
    """SIGTERM: what runs is finished and stored, exit code 3."""
    folder = tmp_path / "run"
    process = emulated.on(**SMALL_MACHINE).start(*sweep_command(folder, MANY))
    assert wait_until(lambda: len(segments(folder)) > 0)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (3, ""), out
    assert "the same command goes on" in out
    kept = len(stored_units(folder))
    assert 0 < kept < MANY_UNITS
    assert (kept, MANY_UNITS) == (ran(out)[2], ran(out)[1])
    result = sweep(folder, MANY, "--engine", "cpu")
    assert result.returncode == 0, result.stderr
    assert ran(result.stdout) == (kept, MANY_UNITS, MANY_UNITS - kept)
    assert engines(folder) == {"cpu", "cuda"}
    assert_each_once(folder, MANY_UNITS)
    assert (folder / "results.h5").read_bytes() == many


def test_a_lost_device_ends_the_run(emulated: Program, few: Path, tmp_path: Path) -> None:
    """Exit code 4 and one line; what is finished is stored, and the same command goes on."""
    folder = tmp_path / "run"
    machine = emulated.on(**SMALL_MACHINE)
    result = machine.on(fail_launch="0:100").sweep(folder, FEW)
    assert result.returncode == 4, (result.stdout, result.stderr)
    assert result.stderr.count("\n") == 1
    for part in ("acimsweep: the engine failed: ", "CUDA device 0 (emulated device 0) failed",
                 "Finished work is kept; give the same command again"):
        assert part in result.stderr
    kept = len(stored_units(folder))
    assert 0 < kept < FEW_UNITS
    assert (folder / "results.h5").exists()
    assert "emulated device 0" in run("status", folder).stdout
    result = machine.sweep(folder, FEW)
    assert (result.returncode, result.stderr) == (0, "")
    assert ran(result.stdout) == (kept, FEW_UNITS, FEW_UNITS - kept)
    assert (folder / "results.h5").read_bytes() == (few / "results.h5").read_bytes()


def test_the_other_devices_take_over(emulated: Program, few: Path, tmp_path: Path) -> None:
    machine = emulated.on(devices=3, fail_launch="0:30,2:3", **SMALL_MACHINE)
    result = machine.sweep(tmp_path / "run", FEW)
    assert result.returncode == 0, result.stderr
    for device in (0, 2):  # each is named once, in a line of its own
        assert result.stderr.count(f"CUDA device {device} ") == 1, result.stderr
    assert "the other devices do its work" in result.stderr
    assert (tmp_path / "run/results.h5").read_bytes() == (few / "results.h5").read_bytes()


def test_no_memory_at_all(emulated: Program, tmp_path: Path) -> None:
    """A device that not even the network fits is refused as the engine's failure."""
    result = emulated.on(memory_mib=0).sweep(tmp_path / "run", FEW)
    assert result.returncode == 4, (result.stdout, result.stderr)
    assert "memory" in result.stderr and result.stderr.count("\n") == 1


def test_no_device(emulated: Program, tmp_path: Path) -> None:
    nothing = emulated.on(devices=0)
    assert_fails(nothing.sweep(tmp_path / "run", FEW), 2, "--engine cuda", "--engine cpu")
    assert not (tmp_path / "run").exists()
    result = nothing.run("run", SWEEP, "-o", tmp_path / "run", "-q", *set_options(FEW),
                         "--engine", "auto", "--shard", "0/16")
    assert (result.returncode, result.stderr) == (0, "")
    assert engines(tmp_path / "run") == {"cpu"}


def test_auto_is_the_gpu(emulated: Program, tmp_path: Path) -> None:
    result = emulated.run("run", SWEEP, "-o", tmp_path / "run", "-q", *set_options(FEW),
                          "--shard", "0/16")
    assert (result.returncode, result.stderr) == (0, "")
    assert engines(tmp_path / "run") == {"cuda"}


def test_plan(cuda: Program, tmp_path: Path) -> None:
    result = cuda.run("plan", SWEEP, *set_options(FEW), "-o", tmp_path / "run", "--engine", "cuda")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(r"at \d\S* ?[kMG]? conversions/s \(measured", result.stdout)


def test_bench(cuda: Program, tmp_path: Path) -> None:
    """Both engines side by side, and the devices in the figures."""
    path = tmp_path / "bench.json"
    result = cuda.run("bench", "--quick", "--engine", "cuda", "--only", "conv64", "--json", path)
    assert (result.returncode, result.stderr) == (0, "")
    figures = json.loads(path.read_text())
    assert figures["engine"].startswith("cuda, ") and figures["cpu_engine"].startswith("cpu, ")
    assert [device["name"] for device in figures["devices"]]
    assert [case["name"] for case in figures["cases"]] == [
        f"conv64/{name}" for name in ("product", "events", "lossless", "table", "chip")]
    for case in figures["cases"]:
        rate = case["engine"]["conversions_per_second"]
        assert case["ratio"] == pytest.approx(rate / case["cpu"]["conversions_per_second"])
        assert re.search(rf"^{case['name']} ", result.stdout, re.M)


def test_info(emulated: Program) -> None:
    lines = emulated.on(devices=2).run("info").stdout.splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith("CUDA ")]
    assert lines[at].removeprefix("CUDA").strip().startswith("runtime ")
    for i in range(2):
        assert lines[at + 1 + i].startswith(f"  {i}: emulated device {i}, compute capability 9.0")
