# SPDX-License-Identifier: Apache-2.0
"""Sweeps on the same images in every format; what is wrong with a set; sets that change."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

import data_cases
from data_cases import WRITERS, Writer, colour_images, write_network
from mac_cases import run
from onnx_bytes import metadata
from sweep_cases import (assert_fails, finished, needs_data, segments, set_options, start,
                         stored_units, sweep, wait_until)

pytestmark = needs_data

TEXT = """acimsweep: 1
name: formats
seed: 3
workload:
  network: ../net.onnx
  data: {{{data}, scale: 0.00392156862745098, mean: [0.3, 0.2, 0.6], std: [0.25, 0.2, 0.3]}}
  images: 100
  calibration: {{{calibration}}}
quantisation: {{images: 64}}
macro: {{rows: 255, adc: {{bits: 8}}, noise: {{random: {{sigma: 0.5, unit: lsb}}}}}}
grid: {{macro.adc.bits: [6, 8]}}
trials: {{chips: 2, repeats: 1}}
"""


def write_sweep(folder: Path, data: str) -> Path:
    """The sweep file of a set in the folder; all have one length, filled up by a comment."""
    text = TEXT.format(data=data, calibration=data)
    (folder / "s.yaml").write_text(text + "#" * (1200 - len(text)) + "\n")
    return folder / "s.yaml"


def results(root: Path, writer: Writer) -> tuple[bytes, bytes]:
    """(results.h5, sweep file) of a run on the images as this writer writes them."""
    folder = root / writer.__name__
    folder.mkdir()
    sweep_file = write_sweep(folder, writer(folder, *colour_images()))
    bytes_ = finished(folder / "run", {}, file=sweep_file).read_bytes()
    return bytes_, sweep_file.read_bytes()


def without_text(file: bytes, text: bytes) -> bytes:
    """A results file without the text of the sweep, its hash and the seal over all bytes."""
    in_plan = json.dumps(text.decode()).encode()
    for part in (text, in_plan, hashlib.sha256(text).hexdigest().encode()):
        assert file.count(part) == 1
        file = file.replace(part, b"-" * len(part))
    body, seal, _ = file.rpartition(b"acimsweep-seal")
    assert seal
    return body


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, bytes]:
    """(folder, results.h5, sweep file) of the plain IDX files."""
    root = tmp_path_factory.mktemp("formats")
    write_network(root / "net.onnx")
    return root, *results(root, data_cases.idx)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda w: w.__name__)
def test_every_format_gives_the_same_file(reference: tuple[Path, bytes, bytes],
                                          writer: Writer) -> None:
    """Byte for byte, but for the text of the sweep that the file keeps, and its hash."""
    root, golden, golden_text = reference
    own, text = results(root, writer)
    assert without_text(own, text) == without_text(golden, golden_text)


def test_float_images_give_the_same_accuracy(reference: tuple[Path, bytes, bytes],
                                             tmp_path: Path) -> None:
    """Other types are other content, but the floats of the network are the same."""
    root, _, _ = reference
    folder = root / "float"
    folder.mkdir()
    images, labels = colour_images()
    sweep_file = write_sweep(folder, data_cases.npy(folder, images.astype("<f8"), labels))
    with h5py.File(finished(folder / "run", {}, file=sweep_file)) as own, \
            h5py.File(root / "idx" / "run" / "results.h5") as golden:
        assert own.attrs["data_hash"] != golden.attrs["data_hash"]
        assert (own["float_accuracy"][()] == golden["float_accuracy"][()]).all()
        assert (own["trials/correct_bits"][0] == golden["trials/correct_bits"][0]).all()


def validate(file: Path, settings: dict[str, object]) -> str:
    result = run("validate", file, *set_options(settings))
    assert result.returncode == 0, result.stderr
    return result.stdout


def fails(file: Path, settings: dict[str, object], *parts: str) -> None:
    assert_fails(run("validate", file, *set_options(settings)), 2, *parts)


def test_errors_are_one_line(tmp_path: Path) -> None:
    write_network(tmp_path / "net.onnx")
    folder = tmp_path / "set"
    folder.mkdir()
    images, labels = colour_images()
    file = write_sweep(folder, data_cases.npy(folder, images, labels))
    data = "workload.data."
    fails(file, {data + "format": "png"}, "workload.data.format", "cifar100", "hdf5")
    fails(file, {data + "layout": "CHWN"}, "workload.data.layout", "NCHW", "NT")
    fails(file, {data + "layout": "NHW"}, "images.npy", "NHW", "[120, 3, 32, 32]")
    fails(file, {data + "images": ["a.npy", "b.npy"]}, "data.images", "cifar10")
    fails(file, {data + "images": []}, "workload.data.images", "empty list")
    fails(file, {data + "images": "images.npy", data + "format": "npz"}, "data.labels")
    np.save(folder / "two.npy", np.stack([labels, labels], axis=1).astype(np.int64))
    fails(file, {data + "labels": "two.npy"}, "data.labels", "[120, 2]", "position")
    np.save(folder / "cube.npy", labels[:, None, None].astype(np.int64))
    fails(file, {data + "labels": "cube.npy"}, "cube.npy", "3 dimensions")
    np.save(folder / "few.npy", labels[:7])
    fails(file, {data + "labels": "few.npy"}, "7 labels for the 120 images")
    np.save(folder / "high.npy", labels + np.uint8(3))
    fails(file, {data + "labels": "high.npy"}, "out of range", "10 classes")
    np.save(folder / "small.npy", images[:, :, :16])
    both = {data + "images": "small.npy", "workload.calibration.images": "small.npy"}
    fails(file, both, "[3, 16, 32]", "3072")
    np.save(folder / "none.npy", images[:0])
    empty = {"workload.calibration.images": "none.npy", "workload.calibration.labels": "few.npy"}
    fails(file, empty, "none.npy", "at least one item")
    np.save(folder / "objects.npy", np.array([{"a": 1}] * 4), allow_pickle=True)
    fails(file, {data + "images": "objects.npy"}, "pickled")
    text = file.read_text().replace(", layout: NCHW", "").replace(", labels: labels.npy", "")
    file.write_text(text)
    fails(file, {}, "workload.data.labels", "missing")
    fails(file, {data + "labels": "labels.npy"}, "images.npy", "Give data.layout")


def test_class_names_are_counted(tmp_path: Path) -> None:
    write_network(tmp_path / "net.onnx")
    folder = tmp_path / "set"
    folder.mkdir()
    file = write_sweep(folder, data_cases.hdf5(folder, *colour_images()))
    with h5py.File(folder / "set.h5", "a") as h5:
        h5.create_dataset("classes", data=[f"class {i}" for i in range(12)],
                          dtype=h5py.string_dtype())
    fails(file, {}, "12 classes", "10")
    with h5py.File(folder / "set.h5", "a") as h5:
        del h5["classes"], h5["labels"]
    fails(file, {}, "data.labels: missing")


def test_a_packed_folder_is_a_data_set(tmp_path: Path) -> None:
    """PNG keeps every byte, so that a packed folder equals the array it was written from."""
    image = pytest.importorskip("PIL.Image", reason="PIL is missing: apt-get install python3-pil")
    from acimsweep import pack
    write_network(tmp_path / "net.onnx")
    images, labels = colour_images()
    for i, (pixels, label) in enumerate(zip(images, labels)):
        place = tmp_path / "folder" / f"class{label}"
        place.mkdir(parents=True, exist_ok=True)
        image.fromarray(pixels.transpose(1, 2, 0)).save(place / f"{i:03}.png")
    folder = tmp_path / "set"
    folder.mkdir()
    assert pack.main([str(tmp_path / "folder"), "-o", str(folder / "p.h5"), "-q",
                      "--resize", "none", "--crop", "none"]) == 0
    with h5py.File(folder / "p.h5") as file:
        order = [int(name[-7:-4]) for name in file["files"].asstr()[()]]
    assert sorted(order) == list(range(len(images)))
    npy = write_sweep(folder, data_cases.npy(folder, images[order], labels[order]))
    with h5py.File(finished(tmp_path / "a", {}, file=npy)) as a, \
            h5py.File(finished(tmp_path / "b", {}, file=write_sweep(
                folder, "format: hdf5, images: p.h5"))) as b:
        assert a.attrs["data_hash"] == b.attrs["data_hash"]
        assert (a["point_id"][()] == b["point_id"][()]).all()


def test_the_network_may_hold_the_normalisation(tmp_path: Path) -> None:
    network = write_network(tmp_path / "net.onnx")
    model = network.read_bytes()
    folder = tmp_path / "set"
    folder.mkdir()
    file = write_sweep(folder, data_cases.npy(folder, *colour_images()))
    cut = file.read_text().replace(", scale: 0.00392156862745098, mean: [0.3, 0.2, 0.6], "
                                   "std: [0.25, 0.2, 0.3]", "")
    file.write_text(cut)
    assert "scale 1, mean off, std off" in validate(file, {})
    network.write_bytes(model + metadata(scale="0.00392156862745098", mean="[0.25, 0.5, 1]",
                                         std=" 0.5 "))
    told = validate(file, {})
    assert ("scale 0.003921569 (network), mean [0.25, 0.5, 1] (network), std [0.5] (network)"
            in told)
    told = validate(file, {"workload.data.mean": 0, "workload.data.scale": 0.5})
    assert "scale 0.5 (sweep), mean [0] (sweep), std [0.5] (network)" in told
    # What decides results is the value, wherever it stands.
    written = {"workload.data.scale": 0.00392156862745098, "workload.data.mean": [0.25, 0.5, 1],
               "workload.data.std": 0.5}
    with h5py.File(finished(tmp_path / "a", {}, file=file)) as a, \
            h5py.File(finished(tmp_path / "b", written, file=file)) as b:
        assert a["point_id"][0] == b["point_id"][0]
        assert a.attrs["data_hash"] == b.attrs["data_hash"]
    for bad in ({"scale": "one"}, {"scale": "0.1, 0.2"}, {"mean": "[0.1"}, {"std": "0"},
                {"mean": "nan"}, {"std": ""}):
        network.write_bytes(model + metadata(**bad))
        name = next(iter(bad))
        fails(file, {}, str(network), f"acimsweep.{name}", f"workload.data.{name}")
    assert "(network)" not in validate(file, written)
    network.write_bytes(model + metadata(mean="0.1, 0.2"))
    fails(file, {}, "data.mean", "2 values for images of 3 channels")
    network.write_bytes(model + b"\x72\xff\xff\xff\x7f")
    fails(file, {}, str(network))


def test_a_set_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    """The run ends with one line, what was stored stays, and the old content takes it up again."""
    write_network(tmp_path / "net.onnx")
    folder = tmp_path / "set"
    folder.mkdir()
    file = write_sweep(folder, data_cases.npy(folder, *colour_images()))
    settings = {"trials.chips": 2000, "workload.images": 20}  # 4000 units of one linear layer
    images = folder / "images.npy"
    whole, times = images.read_bytes(), images.stat()
    process = start(tmp_path / "run", settings, file=file)
    assert wait_until(lambda: bool(segments(tmp_path / "run")))
    os.truncate(images, 1000)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 4, error
    assert error.count("\n") == 1 and "images.npy" in error and "has changed" in error, error
    stored = len(stored_units(tmp_path / "run"))
    assert 0 < stored < 4000
    images.write_bytes(whole)
    os.utime(images, ns=(times.st_atime_ns, times.st_mtime_ns))
    result = sweep(tmp_path / "run", settings, file=file)
    assert result.returncode == 0, result.stderr
    assert f"{stored} of 4000 units were there, {4000 - stored} ran" in result.stdout
