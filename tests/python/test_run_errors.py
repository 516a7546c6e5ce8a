# SPDX-License-Identifier: Apache-2.0
"""Bad sweeps: exit code 2 and one line that names the place, the value and what to do."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from mac_cases import ROOT, run
from sweep_cases import (IMAGES, LABELS, SWEEP, assert_fails, finished, needs_data,
                         set_options, sweep, write_idx)

pytestmark = needs_data

FIXTURES = ROOT / "tests" / "fixtures" / "onnx"
ONE = {"workload.images": 10, "quantisation.images": 16, "trials.chips": 1, "grid": {}}


def fails(folder: Path, settings: dict, *parts: str) -> None:
    """The run is refused and leaves no run directory behind."""
    assert_fails(sweep(folder / "run", ONE | settings), 2, *parts)
    assert not (folder / "run").exists()


@pytest.mark.parametrize(("settings", "parts"), [
    ({"macro.row": 3}, ["macro.row", "Did you mean 'macro.rows'?"]),
    ({"macro.rows": "many"}, ["macro.rows", "'many'", "whole number"]),
    ({"macro.rows": 0}, ["macro.rows", "is 0", "1 to 4096"]),
    ({"macro.rows": [1, 2]}, ["macro.rows"]),
    ({"macro.adc.bits": 15}, ["macro.adc.bits", "is 15", "1 to 14"]),
    ({"weight_bits": 9}, ["weight_bits", "is 9", "2 to 8"]),
    ({"macro.noise.random.unit": "volts"}, ["macro.noise.random.unit", "volts", "percent_fs"]),
    ({"macro.noise.random.sigma": -0.5}, ["macro.noise.random.sigma", "-0.5"]),
    ({"grid": {"macro.adc.bits": []}}, ["macro.adc.bits", "empty", "at least one value"]),
    ({"grid": {"macro.adc.bits": [5, 6, 5]}}, ["points 0", "2", "macro.adc.bits=5", "repeats"]),
    ({"activation_bits": 4, "macro.bits_per_cycle": 5}, ["bits_per_cycle", "5", "4"]),
    ({"macro.rows": 24}, ["conv1", "macro.rows is 24", "25", "mapping: dense"]),
    ({"macro.rows": 25, "layers": [{"match": "conv2", "macro": {"rows": 9}}]},
     ["conv2", "macro.rows is 9", "25"]),
    ({"layers": [{"match": "zz*", "analog": False}]}, ["zz*", "conv1", "fc3"]),
    ({"layers": [{"match": "conv1"}]}, ["conv1", "sets nothing"]),
    ({"workload.images": 10001}, ["workload.images", "10001", "10000"]),
    ({"workload.images": 0}, ["workload.images", "0"]),
    ({"quantisation.images": 60001}, ["quantisation.images", "60001", "60000"]),
    ({"trials.chips": 0}, ["trials.chips", "0"]),
    ({"seed": -1}, ["seed", "-1"]),
    ({"macro.cell.temperature_K": 300}, ["temperature_K", "300", "macro.v_ref is not given"]),
    ({"macro.static.cell": 1}, ["macro.static"]),
])
def test_settings(tmp_path: Path, settings: dict, parts: list[str]) -> None:
    fails(tmp_path, settings, *parts)


IDLE = [({"grid": {"macro.adc.bits": [6, 7]}, "macro.adc.bits": 8},
         ["macro.adc.bits=8", "is an axis", "--set 'grid.macro.adc.bits=[8]'"]),
        ({"grid": {"macro.adc.bits": [6, 7]}, "layers": [{"match": "*", "macro.adc.bits": 8}]},
         ["axis 'macro.adc.bits' makes no difference", "points 0 (macro.adc.bits=6) and 1", "'*'"])]


@pytest.mark.parametrize(("settings", "parts"), IDLE)
def test_axes_and_settings_without_effect(tmp_path: Path, settings: dict, parts: list[str]) -> None:
    fails(tmp_path, settings, *parts)
    for command in ("validate", "plan"):
        assert_fails(run(command, SWEEP, *set_options(ONE | settings)), 2, *parts)


def edited(folder: Path, old: str, new: str) -> Path:
    """lenet_sweep.yaml with one text replaced and paths that hold in the folder."""
    text = SWEEP.read_text()
    assert old in text
    path = folder / "s.yaml"
    path.write_text(text.replace(old, new).replace("../../data/", f"{ROOT}/data/"))
    return path


@pytest.mark.parametrize(("old", "new", "parts"), [
    ("  rows: 255", "  rowz: 255", ["'macro.rowz'", "macro.rows"]),
    ("  rows: 255", "  rows: 0", ["macro.rows", "0"]),
    ("  rows: 255", "  rows: [", ["s.yaml"]),
    ("  mapping: whole_channels", "  mapping: whole_chanels", ["whole_chanels", "dense"]),
    ("[5, 6, 7, 8]", "[]", ["macro.adc.bits", "empty"]),
    ("[5, 6, 7, 8]", "[5, 6, 15]", ["macro.adc.bits", "15"]),
    ("{chips: 4, repeats: 1}", "{chips: 1.5}", ["trials.chips", "1.5"]),
    ("seed: 1\n", "seed: 1\nseed: 2\n", ["seed"]),
])
def test_file_and_line(tmp_path: Path, old: str, new: str, parts: list[str]) -> None:
    path = edited(tmp_path, old, new)
    line = SWEEP.read_text().split(old)[0].count("\n") + 1
    for command in ("validate", "plan", "run"):
        output = [] if command == "validate" else ["-o", tmp_path / "run"]
        result = run(command, path, *output)
        assert_fails(result, 2, *parts)
        place = re.match(r"acimsweep: .*s\.yaml:(\d+)", result.stderr)
        assert place, result.stderr
        assert int(place[1]) in range(line, line + 5)
    assert not (tmp_path / "run").exists()


def test_a_missing_seed(tmp_path: Path) -> None:
    assert_fails(run("run", edited(tmp_path, "seed: 1\n", ""), "-o", tmp_path / "run"), 2, "s.yaml",
                 "'seed' is missing")


def test_networks(tmp_path: Path) -> None:
    whole = (ROOT / "data" / "lenet_fmnist.onnx").read_bytes()
    half, empty, text = (tmp_path / name for name in ("half.onnx", "empty.onnx", "text.onnx"))
    half.write_bytes(whole[: len(whole) // 2])
    empty.write_bytes(b"")
    text.write_bytes(b"this is no model\n" * 100)
    for path in (half, empty, text):
        fails(tmp_path, {"workload.network": str(path)}, path.name)
    fails(tmp_path, {"workload.network": str(tmp_path / "no.onnx")}, "no.onnx", "no such file")
    fails(tmp_path, {"workload.network": str(tmp_path)}, str(tmp_path))
    nan = str(FIXTURES / "invalid_nan.onnx")
    fails(tmp_path, {"workload.network": nan}, "invalid_nan.onnx", "NaN", "fc.weight", "[2, 3]")
    sin = str(FIXTURES / "unsupported_sin.onnx")
    fails(tmp_path, {"workload.network": sin}, "Sin", "node_b", "Supported are", "Conv", "Gemm")
    other = str(FIXTURES / "conv_strided.onnx")
    fails(tmp_path, {"workload.network": other}, "[1, 28, 28]", "workload.data")


@pytest.mark.parametrize(("cut", "packed"), [
    (0, False), (3, False), (15, False), (16, False), (1000, False), (-1, False),
    (0, True), (3, True), (15, True), (1000, True), (4_000_000, True), (-20, True),
])
def test_truncated_images(tmp_path: Path, cut: int, packed: bool) -> None:
    """Cut within IDX, and cut within the compressed file (zlib does not miss its last 9 bytes)."""
    raw = IMAGES.read_bytes() if packed else gzip.open(IMAGES).read(16 + 784 * 20)
    name = "images.gz" if packed else "images"
    if not packed:  # 20 images; 16 bytes of header
        raw = raw[:4] + (20).to_bytes(4, "big") + raw[8:]
    (tmp_path / name).write_bytes(raw[:cut])
    fails(tmp_path, {"workload.data.images": str(tmp_path / name)}, name)


def test_data_files(tmp_path: Path) -> None:
    fails(tmp_path, {"workload.data.images": str(tmp_path / "no")}, str(tmp_path / "no"))
    fails(tmp_path, {"workload.data.labels": str(tmp_path / "no")}, str(tmp_path / "no"))
    fails(tmp_path, {"workload.calibration.images": str(tmp_path / "no")}, str(tmp_path / "no"))
    labels = np.frombuffer(gzip.open(LABELS).read()[8:], np.uint8)
    wrong = labels.copy()
    wrong[1234] = 10
    for values, parts in ((wrong, ["10", "1234"]), (labels[:9999], ["9999", "10000"]),
                          (labels.reshape(100, 100), ["labels"])):
        path = write_idx(tmp_path / "labels", values)
        fails(tmp_path, {"workload.data.labels": str(path)}, *parts)
    # Labels and images exchanged.
    fails(tmp_path, {"workload.data.images": str(LABELS), "workload.data.labels": str(IMAGES)},
          "ubyte.gz")


@pytest.mark.parametrize(("options", "parts"), [
    (["--shard", "3/3"], ["--shard 3/3", "0 <= i < n"]),
    (["--shard", "-1/3"], ["--shard"]),
    (["--shard", "0/0"], ["--shard 0/0"]),
    (["--shard", "1"], ["--shard 1", "i/n"]),
    (["--shard", "0/3x"], ["--shard 0/3x"]),
    (["--engine", "tpu"], ["--engine", "tpu", "cpu"]),
    (["--threads", "-1"], ["--threads", "-1"]),
    (["--threads", "two"], ["--threads", "two"]),
    (["--set", "trials.chips"], ["trials.chips", "key=value"]),
    (["--set", "macro.rows=[1"], ["macro.rows=[1", "YAML"]),
    (["--bogus"], ["--bogus", "acimsweep run --help"]),
])
def test_command_line(tmp_path: Path, options: list[str], parts: list[str]) -> None:
    result = run("run", SWEEP, "-o", tmp_path / "run", *set_options(ONE), *options)
    assert_fails(result, 2, *parts)
    assert not (tmp_path / "run").exists()


def refused(folder: Path, settings: dict, *parts: str) -> None:
    """The same where the directory shows it: before anything is calibrated or printed."""
    assert_fails(sweep(folder, ONE | settings), 2, *parts)


def test_directory_of_another_sweep(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    before = finished(folder, ONE).read_bytes()
    refused(folder, {"seed": 2}, "seed", "1", "2", "-o")
    labels = np.frombuffer(gzip.open(LABELS).read()[8:], np.uint8).copy()
    labels[0] = (labels[0] + 1) % 10
    path = write_idx(tmp_path / "labels", labels)
    refused(folder, {"workload.data.labels": str(path)}, "data", "-o")
    assert (folder / "results.h5").read_bytes() == before
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("x")
    refused(tmp_path / "home", {}, "home", "-o")
    assert [p.name for p in (tmp_path / "home").iterdir()] == ["letter.txt"]
    refused(tmp_path / "labels", {}, "labels", "not a directory")
    assert_fails(sweep(tmp_path / "labels" / "run", ONE), 4, "labels is a file", "-o")
    refused(folder, {"trials.chips": 3}, "1 there, 3 now chips", "--extend")
    refused(folder, {"macro.rows": 200}, "point 0 is another one", "--extend")


def test_a_parent_that_takes_no_directories() -> None:
    result = sweep(Path("/proc/acimsweep/run"), ONE)
    assert result.returncode == 4 and result.stderr.count("\n") == 1
    assert "/proc/acimsweep: creating the directory failed" in result.stderr
    assert "No directories can be made in its parent: choose another path" in result.stderr


def test_damaged_run_directory(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    finished(folder, ONE)
    network = next((folder / "networks").glob("*.h5"))
    whole = network.read_bytes()
    network.write_bytes(whole[: len(whole) // 2])
    finished(folder, ONE)  # the network is calibrated again: same bytes
    assert network.read_bytes() == whole
    (folder / "plan.json").write_text("{")
    for command in (("status", folder), ("merge", folder, "-o", tmp_path / "m.h5")):
        assert_fails(run(*command), 2, "plan.json")
    refused(folder, {}, "plan.json")


@pytest.mark.parametrize("lost", ["segments", "networks", "runs"])
def test_a_removed_folder_is_made_again(tmp_path: Path, lost: str) -> None:
    """Copies lose empty folders, and a user who wants to start over removes a full one."""
    before = finished(tmp_path / "run", ONE).read_bytes()
    shutil.rmtree(tmp_path / "run" / lost)
    assert finished(tmp_path / "run", ONE).read_bytes() == before


@pytest.mark.parametrize("command", [["pareto", "--no-plot"], ["export", "--csv"]])
def test_results_file(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "r.h5"
    whole = finished(tmp_path / "run", ONE).read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"text"):
        path.write_bytes(content)
        assert_fails(run(command[0], path, *command[1:]), 2, "r.h5")
    path.unlink()
    assert_fails(run(command[0], path, *command[1:]), 2, "r.h5")
