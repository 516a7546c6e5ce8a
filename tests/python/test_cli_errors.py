# SPDX-License-Identifier: Apache-2.0
"""Bad input: one message, without a stack, that names place, value and advice; exit codes."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mac_cases import ROOT, binary, mac, run, write_macro, write_operands

RNG = np.random.default_rng(7)
X = RNG.integers(0, 16, (2, 3, 6))
W = RNG.integers(-8, 8, (4, 6))
MACRO = {"weight_bits": 4, "activation_bits": 4, "macro": {"rows": 15}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with operands and a macro that work."""
    write_operands(tmp_path / "in.h5", {"x": X, "w": W})
    write_macro(tmp_path / "m.yaml", MACRO)
    return tmp_path


def mac_command(folder: Path, *options: object, out: object = None) -> subprocess.CompletedProcess:
    return run("mac", folder / "in.h5", "--macro", folder / "m.yaml", "-o",
               folder / "out.h5" if out is None else out, *options)


def assert_fails(result: subprocess.CompletedProcess, code: int, *parts: str) -> None:
    """One line on standard error, nothing on standard output."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("acimsweep: ")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr


def changed(values: np.ndarray, index: tuple[int, ...], value: float) -> np.ndarray:
    out = values.copy()
    out[index] = value
    return out


@pytest.mark.parametrize(("operands", "parts"), [
    ({"x": changed(X, (1, 0, 3), -5), "w": W}, ["x[1, 0, 3] is -5", "signed_activations"]),
    ({"x": changed(X, (0, 2, 5), 16), "w": W}, ["x[0, 2, 5] is 16", "0..15", "activation_bits"]),
    ({"x": X, "w": changed(W, (3, 5), 8)}, ["w[3, 5] is 8", "-8..7", "weight_bits"]),
    ({"x": X + 0.5, "w": W}, ["x[0, 0, 0] is", ".5", "whole numbers"]),
    ({"x": changed(X * 1.0, (0, 1, 2), np.nan), "w": W}, ["x[0, 1, 2] is nan"]),
    ({"x": X[:, :, :5], "w": W}, ["[2, 3, 5]", "[4, 6]", "last axes must be equal"]),
    ({"x": X[:0], "w": W}, ["[0, 3, 6]"]),
    ({"x": X}, ["'x'", "'w' is not"]),
    ({"z": X}, ["no operands found", "x and w"]),
    ({"x": X, "w": W, "q": X, "k": X}, ["several products"]),
    ({"x": X, "w": W.reshape(4, 6, 1, 1)}, ["x has shape [2, 3, 6]", "[batch, C, H, W]"]),
    ({"x": np.array([b"text"]), "w": W}, ["x holds text"]),
    ({"q": X, "k": X[:1]}, ["q has shape", "batch and heads must be equal"]),
    ({"a": X, "v": X}, ["a has shape", "v has shape"]),
])
def test_operands(folder: Path, operands: dict, parts: list[str]) -> None:
    write_operands(folder / "in.h5", operands)
    assert_fails(mac_command(folder), 2, "in.h5", *parts)
    assert not (folder / "out.h5").exists()


@pytest.mark.parametrize(("attributes", "parts"), [
    ({"stride": 0}, ["'stride' is 0"]),
    ({"pad": [1, 2, 3]}, ["'pad' has 3 values", "1 or 2 or 4"]),
    ({"pad": -1}, ["'pad' is -1"]),
    ({"groups": 3}, ["'groups' is 3", "must divide"]),
    ({"groups": 2}, ["the second axis of w must be 2"]),
    ({"dilation": 4}, ["spans 9"]),
    ({"padding": 1}, ["'padding' is unknown", "'pad'"]),
    ({"signed_activations": 2}, ["'signed_activations' is 2"]),
    ({"signed_activations": "yes"}, ["signed_activations"]),
])
def test_attributes(folder: Path, attributes: dict, parts: list[str]) -> None:
    operands = {"x": RNG.integers(0, 8, (1, 4, 6, 6)), "w": RNG.integers(-8, 8, (2, 4, 3, 3))}
    write_operands(folder / "in.h5", operands, **attributes)
    assert_fails(mac_command(folder), 2, "in.h5", *parts)


def test_damaged_operands(folder: Path) -> None:
    whole = (folder / "in.h5").read_bytes()
    for content in (whole[: len(whole) // 2], b"hello", b""):
        (folder / "in.h5").write_bytes(content)
        assert_fails(mac_command(folder), 2, "in.h5")
    (folder / "in.h5").unlink()
    assert_fails(mac_command(folder), 2, "in.h5", "no such file")


@pytest.mark.parametrize(("setting", "parts"), [
    ("macro.row=3", ["macro.row", "Did you mean 'macro.rows'?"]),
    ("macro.rows=0", ["macro.rows", "0", "1 to 4096"]),
    ("macro.rows=[]", ["macro.rows"]),
    ("macro.rows=many", ["macro.rows", "many"]),
    ("macro.adc.bits=15", ["macro.adc.bits", "15", "1 to 14"]),
    ("weight_bits=9", ["weight_bits", "9", "1 to 8"]),
    ("activation_bits=10", ["activation_bits", "10", "1 to 9"]),
    ("macro.bits_per_cycle=5", ["bits_per_cycle", "5", "activation_bits is 4"]),
    ("macro.noise.random.sigma=0.5", ["'seed' is missing", "seed: 1"]),
    ("macro.noise.random.sigma=-1", ["sigma", "-1"]),
    ("macro.noise.random.unit=amperes", ["unit", "amperes", "lsb"]),
    ("macro.cell.mismatch_pct_sqrt_fF=1", ["mismatch_pct_sqrt_fF", "c_unit_fF is not given"]),
    ("macro.voting.samples=65", ["macro.voting.samples", "65", "1 to 64"]),
    ("macro.current_domain.alpha=-0.1", ["macro.current_domain.alpha", "-0.1"]),
    ("macro.cell.c_unit_fF=-2", ["macro.cell.c_unit_fF", "-2"]),
    ("repeats=0", ["repeats", "0"]),
])
def test_settings(folder: Path, setting: str, parts: list[str]) -> None:
    assert_fails(mac_command(folder, "--set", setting), 2, *parts)


def test_line_of_a_misspelt_key(folder: Path) -> None:
    (folder / "m.yaml").write_text("weight_bits: 4\nactivation_bits: 4\nmacro:\n  rowz: 15\n")
    assert_fails(mac_command(folder), 2, "m.yaml:4", "rowz", "macro.rows")


def test_window_larger_than_the_rows(folder: Path) -> None:
    operands = {"x": RNG.integers(0, 8, (1, 2, 6, 6)), "w": RNG.integers(-8, 8, (2, 2, 3, 3))}
    write_operands(folder / "in.h5", operands)
    result = mac_command(folder, "--set", "macro.rows=8", "--set", "macro.mapping=whole_channels")
    assert_fails(result, 2, "m.yaml", "macro.rows is 8", "window of 9", "mapping: dense")


def test_signed_cycles_leave_out_the_sign_bit(folder: Path) -> None:
    write_operands(folder / "in.h5", {"x": X - 8, "w": W}, signed_activations=True)
    assert_fails(mac_command(folder, "--set", "macro.bits_per_cycle=4"), 2, "bits_per_cycle is 4",
                 "at most 3")


def test_result_too_large(folder: Path) -> None:
    result = mac_command(folder, "--set", "repeats=1000000", "--conversions")
    assert_fails(result, 2, "GiB", "fewer repeats", "--conversions")


def test_output_cannot_be_written(folder: Path) -> None:
    (folder / "file").write_text("x")
    (folder / "link.h5").symlink_to(folder / "elsewhere.h5")
    (folder / "folder.h5").mkdir()
    for out in ("missing/out.h5", "file/out.h5", "folder.h5", "link.h5"):
        assert_fails(mac_command(folder, out=folder / out), 4, out)
    assert (folder / "link.h5").is_symlink()
    assert_fails(mac_command(folder, out=folder / "in.h5"), 2, "one of the inputs")


def test_full_disk_keeps_the_old_result(folder: Path) -> None:
    """A file size limit stands in for a full disk: the write fails half-way."""
    (folder / "out.h5").write_bytes(b"old")
    arguments = [binary(), "mac", folder / "in.h5", "--macro", folder / "m.yaml", "-o",
                 folder / "out.h5"]
    result = subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)))
    assert_fails(result, 4, "out.h5")
    assert (folder / "out.h5").read_bytes() == b"old"
    assert sorted(p.name for p in folder.iterdir()) == ["in.h5", "m.yaml", "out.h5"]


def test_full_standard_output() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run([binary(), "info"], stdout=full, stderr=subprocess.PIPE, text=True,
                                check=False)
    assert result.returncode == 4
    assert "standard output" in result.stderr


@pytest.mark.parametrize(("arguments", "parts"), [
    ([], ["subcommand is required", "acimsweep --help"]),
    (["bogus"], ["'bogus' is not a command", "mac"]),
    (["rum"], ["'rum' is not a command. Did you mean 'run'? Commands: validate"]),
    (["run", "s.yaml", "--thread", "3"],
     ["'--thread' is not an option of run. Did you mean '--threads'? See acimsweep run --help"]),
    (["run", "s.yaml", "--engin=cpu"], ["Did you mean '--engine'?"]),
    (["run", "s.yaml", "more"], ["not expected: more. See acimsweep run --help"]),
    (["--versoin"], ["Did you mean '--version'?"]),
    (["mac"], ["required", "acimsweep mac --help"]),
    (["mac", "--bogus"], ["acimsweep mac --help"]),
    (["export", "missing.h5"], ["--csv is required"]),
    (["export", "missing.h5", "--csv"], ["missing.h5"]),
    (["merge", "-o", "x.h5"], ["dir is required"]),
    (["merge", "missing", "-o", "x.h5"], ["missing"]),
    (["check", "missing"], ["missing"]),
    (["validate", "missing.yaml"], ["missing.yaml", "no such file"]),
    (["cost", "nosuch"], ["acimsweep: cost: the macro is 'nosuch'", "cr_cim"]),
])
def test_command_line(arguments: list[str], parts: list[str]) -> None:
    assert_fails(run(*arguments), 2, *parts)


def sweep(folder: Path, **changes: str) -> Path:
    """A sweep over the LeNet of the project with these texts replaced."""
    keys = {"network": str(ROOT / "data/lenet_fmnist.onnx"), "images": "images",
            "labels": "labels", "rest": ""} | changes
    path = folder / "s.yaml"
    path.write_text("seed: 1\nworkload:\n  network: {network}\n  data:\n    images: {images}\n"
                    "    labels: {labels}\nquantisation: {{images: 0}}\n{rest}\n".format(**keys))
    return path


def idx(path: Path, values: np.ndarray) -> Path:
    """An uncompressed IDX file of bytes."""
    head = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    path.write_bytes(head + values.astype(np.uint8).tobytes())
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    idx(tmp_path / "images", RNG.integers(0, 256, (5, 28, 28)))
    idx(tmp_path / "labels", RNG.integers(0, 2, 5))
    return tmp_path


def test_validate_accepts_a_sweep(data: Path) -> None:
    rest = "grid: {macro.adc.bits: [6, 7, 8]}\ntrials: {chips: 4, repeats: 2}"
    result = run("validate", sweep(data, rest=rest))
    assert result.returncode == 0, result.stderr
    assert "3 points x 4 chips x 2 repeats = 24 trials of 5 images" in result.stdout


@pytest.mark.parametrize(("changes", "parts"), [
    ({"network": "missing.onnx"}, ["missing.onnx"]),
    ({"images": "missing"}, ["missing"]),
    ({"rest": "grid: {macro.adc.bits: []}"}, ["s.yaml:8", "macro.adc.bits", "empty"]),
    ({"rest": "grid: {macro.adc.bit: [6]}"}, ["s.yaml:8", "macro.adc.bit", "macro.adc.bits"]),
    ({"rest": "layers: [{match: 'zz*', analog: false}]"}, ["zz*", "layers are"]),
    ({"rest": "macro: {rows: 0}"}, ["s.yaml:8", "macro.rows", "0"]),
    ({"rest": "trials: {chips: 1.5}"}, ["s.yaml:8", "trials.chips", "1.5"]),
])
def test_validate_refuses(data: Path, changes: dict[str, str], parts: list[str]) -> None:
    assert_fails(run("validate", sweep(data, **changes)), 2, *parts)


@pytest.mark.parametrize(("changes", "start"), [
    ({"network": "no.onnx"}, "s.yaml:3: workload.network: {folder}/no.onnx: no such file"),
    ({"images": "none"}, "s.yaml:5: workload.data.images: {folder}/none: cannot be opened"),
    ({"labels": "none"}, "s.yaml:6: workload.data.labels: {folder}/none: cannot be opened"),
    ({"labels": "far"}, "s.yaml:6: workload.data.labels: label 200 of image 2 is out of range"),
    ({"images": "small"}, "s.yaml:5: workload.data.images: images have the shape [1, 27, 28]"),
])
def test_files_are_named_with_the_line_of_their_key(data: Path, changes: dict[str, str],
                                                    start: str) -> None:
    idx(data / "far", np.array([0, 1, 200, 3, 4]))
    idx(data / "small", np.zeros((5, 27, 28)))
    result = run("validate", sweep(data, **changes))
    assert_fails(result, 2, f"acimsweep: {data}/" + start.format(folder=data))
    result = run("validate", sweep(data), "--set", "workload.network=no.onnx")
    assert_fails(result, 2, "acimsweep: --set workload.network=no.onnx: workload.network: ")


def test_validate_looks_into_the_files(data: Path) -> None:
    images = (data / "images").read_bytes()
    (data / "images").write_bytes(images[:-1])
    assert_fails(run("validate", sweep(data)), 2, "images")
    (data / "images").write_bytes(images)
    onnx = (ROOT / "data/lenet_fmnist.onnx").read_bytes()
    (data / "half.onnx").write_bytes(onnx[: len(onnx) // 2])
    assert_fails(run("validate", sweep(data, network="half.onnx")), 2, "half.onnx")
    assert_fails(run("validate", sweep(data), "--set", "workload.images=6"), 2, "workload.images",
                 "6", "5 images")


def test_info_and_help() -> None:
    assert run("--version").stdout.startswith("acimsweep 0.")
    info = run("info").stdout
    for line in ("model version", "SIMD", "CUDA", "HDF5", "yaml-cpp"):
        assert line in info
    for command in ("validate", "mac", "merge", "export", "check", "info", "bench"):
        result = run(command, "--help")
        assert result.returncode == 0
        assert f"Usage: acimsweep {command}" in result.stdout


def test_types_of_operands_do_not_matter(tmp_path: Path) -> None:
    exact = X @ W.T
    for kind in ("i1", ">i2", "u8", "f2", ">f8"):
        weights = W.astype("i1") if kind == "u8" else W.astype(kind)
        out = mac(tmp_path, {"x": X.astype(kind), "w": weights}, MACRO)
        assert np.array_equal(out["y"], exact), kind
    ones = {"weight_bits": 1, "activation_bits": 1, "macro": {"rows": 15}}
    out = mac(tmp_path, {"x": X > 7, "w": W > 0}, ones)
    assert np.array_equal(out["y"], (X > 7).astype(int) @ (W > 0).astype(int).T)


def test_conversions_have_the_documented_axes(tmp_path: Path) -> None:
    settings = MACRO | {"seed": 3, "repeats": 2}
    settings["macro"] = MACRO["macro"] | {"rows": 5, "hybrid": {"levels": 1},
                                         "noise": {"random": {"sigma": 0.5}}}
    out = mac(tmp_path, {"x": X, "w": W}, settings, "--conversions")
    assert out["s"].shape == out["code"].shape == (2, 2, 3, 4, 2, 4, 4, 1)
    assert out["s"].dtype == out["code"].dtype == np.int32
    assert np.all((out["code"] == -1).sum(axis=(5, 6)) == 1)
    planes = (W[:, :5, None] >> np.arange(4)) & 1  # of the first row group
    cycles = (X[:, :, :5, None] >> np.arange(4)) & 1
    first = np.einsum("nri,btrj->btnij", planes, cycles)
    assert np.array_equal(out["s"][0, :, :, :, 0, :, :, 0], first)
    assert out["@seed"] == 3 and out["@repeats"] == 2 and out["@path"] == "table"
    assert np.array_equal(out["y"], out["A"] * 5 / 255 + out["D"])
