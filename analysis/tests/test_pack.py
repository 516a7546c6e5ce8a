# SPDX-License-Identifier: Apache-2.0
"""acimsweep-pack on images made here, and against torchvision where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

Image = pytest.importorskip(
    "PIL.Image", reason="PIL is missing: apt-get install python3-pil")

from acimsweep import pack  # noqa: E402

CLASSES = ["ant", "bee", "cat"]
SIZES = [(300, 400), (401, 300), (256, 256), (257, 511), (224, 224), (500, 90), (33, 31)]


def picture(width: int, height: int, seed: int, channels: int = 3) -> Image.Image:
    """Smooth colours with some noise, so that the filter of a resize matters."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / 20.0
    waves = [np.sin(x * (c + 1) + seed) * np.cos(y * (c + 2)) for c in range(channels)]
    values = 128 + 80 * np.stack(waves, axis=-1) + random.normal(0, 15, (height, width, channels))
    return Image.fromarray(values.clip(0, 255).astype(np.uint8).squeeze())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Classes of 3, 2 and 2 images of odd sizes: JPEG, PNG, grey, and a file that is no image."""
    root = tmp_path / "set"
    for i, (width, height) in enumerate(SIZES):
        place = root / CLASSES[i % 3]
        place.mkdir(parents=True, exist_ok=True)
        if i == 3:
            picture(width, height, i, 1).save(place / f"{i}.png")
        else:
            picture(width, height, i).save(place / (f"{i}.JPEG" if i % 2 else f"{i}.png"))
    (root / "bee" / "notes.txt").write_text("no image")
    (root / "readme.txt").write_text("no class")
    return root


def packed(folder: Path, *options: object) -> h5py.File:
    out = folder.parent / "out.h5"
    assert pack.main([str(folder), "-o", str(out), "-q", *map(str, options)]) == 0
    return h5py.File(out)


def test_what_the_file_holds(folder: Path) -> None:
    with packed(folder) as file:
        assert file["images"].shape == (7, 3, 224, 224)
        assert file["images"].dtype == np.uint8
        assert file["images"].chunks is None
        assert file["images"].attrs["layout"] == "NCHW"
        # Classes alternate as long as they have images.
        assert file["labels"][()].tolist() == [0, 1, 2, 0, 1, 2, 0]
        assert file["classes"].asstr()[()].tolist() == CLASSES
        assert file["files"].asstr()[0] == "ant/0.png"
        assert file["files"].asstr()[3] == "ant/3.png"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["out.h5", "set"]


def test_processes_and_compression_change_nothing(folder: Path) -> None:
    for i in range(40):  # enough for a pool
        picture(50 + i, 60, i).save(folder / "cat" / f"more{i}.png")
    with packed(folder, "--jobs", 1) as file:
        one = file["images"][()]
    with packed(folder, "--jobs", 3, "--compress") as file:
        assert file["images"].chunks == (1, 3, 224, 224)
        assert (file["images"][()] == one).all()


def test_limits(folder: Path) -> None:
    with packed(folder, "--per-class", 1) as file:
        assert file["labels"][()].tolist() == [0, 1, 2]
    with packed(folder, "--limit", 4) as file:
        assert file["labels"][()].tolist() == [0, 1, 2, 0]
        assert file["classes"].shape == (3,)


def test_small_images_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "set" / "only").mkdir(parents=True)
    raw = picture(31, 17, 5)
    raw.save(tmp_path / "set" / "only" / "x.png")
    with packed(tmp_path / "set", "--resize", "none", "--crop", "none") as file:
        assert (file["images"][0] == np.asarray(raw).transpose(2, 0, 1)).all()
    with packed(tmp_path / "set", "--resize", "none", "--crop", "none", "--grey") as file:
        assert (file["images"][0, 0] == np.asarray(raw.convert("L"))).all()


def test_list_file(folder: Path) -> None:
    lines = folder.parent / "list.txt"
    lines.write_text("# file label\nset/bee/1.JPEG 7\n\nset/ant/0.png 2\nset/cat/2.png 7\n")
    with packed(lines, "--per-class", 1) as file:
        assert file["labels"][()].tolist() == [7, 2]
        assert file["files"].asstr()[()].tolist() == ["set/bee/1.JPEG", "set/ant/0.png"]
        assert "classes" not in file


def test_bad_input_is_one_line_and_no_file(folder: Path, capsys: pytest.CaptureFixture) -> None:
    out = folder.parent / "out.h5"
    out.write_bytes(b"old")

    def fails(source: Path, *parts: str, options: tuple = ()) -> None:
        assert pack.main([str(source), "-o", str(out), "-q", *options]) == 2
        error = capsys.readouterr().err
        assert error.startswith("acimsweep-pack: ") and error.count("\n") == 1, error
        for part in parts:
            assert part in error
        assert out.read_bytes() == b"old"
        assert not list(folder.parent.glob(".*"))

    fails(folder / "no", "no such file")
    fails(folder / "ant", "has no folders")
    fails(folder, "too few", "5.JPEG", options=("--resize", "none"))
    fails(folder, "the first image is", options=("--resize", "none", "--crop", "none"))
    fails(folder, "--crop 300", options=("--crop", "300"))
    whole = (folder / "ant" / "0.png").read_bytes()
    (folder / "ant" / "0.png").write_bytes(whole[:len(whole) // 2])
    fails(folder, "0.png")
    (folder / "ant" / "0.png").write_bytes(b"no image")
    fails(folder, "0.png")
    lines = folder.parent / "list.txt"
    for text in ("x.png\n", "x.png -1\n", "x.png 3000000000\n", "\n", "missing.png 1\n"):
        lines.write_text(text)
        fails(lines, "list.txt" if text != "missing.png 1\n" else "missing.png")
    (folder / "dog").mkdir()
    fails(folder, "dog", "has no images")


def test_progress_on_no_terminal_is_silent_when_quick(folder: Path,
                                                      capsys: pytest.CaptureFixture) -> None:
    assert pack.main([str(folder), "-o", str(folder.parent / "o.h5"), "--jobs", "1"]) == 0
    streams = capsys.readouterr()
    assert streams.err == ""
    assert "7 images of 3 classes" in streams.out


def test_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bar = pack.Bar(10, quiet=False)
    bar.shown -= 1.0
    bar.start -= 5.0
    bar.show(5)
    bar.show(10)
    text = capsys.readouterr().err
    assert "5 of 10 images, 50%, 0:05 left" in text or "0:04 left" in text
    assert text.endswith("\n")


def test_the_command_packs_and_says_what_is_missing(folder: Path) -> None:
    for i in range(40):  # enough for a pool
        picture(50 + i, 60, i).save(folder / "cat" / f"more{i}.png")
    arguments = [str(folder), "-o", str(folder.parent / "out.h5"), "--jobs", "2"]
    environment = os.environ | {"PYTHONPATH": str(Path(pack.__file__).parents[1])}

    def script(before: str) -> subprocess.CompletedProcess[str]:
        call = before + "from acimsweep.pack_command import script; script()"
        return subprocess.run([sys.executable, "-c", call, *arguments], capture_output=True,
                              text=True, env=environment)

    good = script("")
    assert (good.returncode, "47 images" in good.stdout) == (0, True), good.stderr
    bad = script("import sys; sys.modules['h5py'] = None; ")
    assert bad.returncode == 2 and bad.stderr.startswith("acimsweep-pack: "), bad.stderr
    assert "apt-get install" in bad.stderr


def test_resize_and_crop_by_hand() -> None:
    """300 x 400: the shorter side becomes 256, the longer int(256 * 400 / 300) = 341."""
    image = picture(300, 400, 5)
    resized = image.resize((256, 341), Image.BILINEAR)
    wanted = np.asarray(resized)[58:282, 16:240]  # (341 - 224) / 2 = 58.5, half to even
    assert (np.asarray(pack.shaped(image, pack.Form())) == wanted).all()


def test_as_torchvision(folder: Path) -> None:
    """Byte for byte what ImageFolder, Resize(256) and CenterCrop(224) give."""
    torchvision = pytest.importorskip(
        "torchvision", reason="torchvision is missing: apt-get install python3-torchvision")
    transforms = torchvision.transforms
    data = torchvision.datasets.ImageFolder(
        str(folder), transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224),
                                         transforms.PILToTensor()]))
    with packed(folder) as file:
        assert data.classes == file["classes"].asstr()[()].tolist()
        by_name = {name: i for i, name in enumerate(file["files"].asstr()[()])}
        assert len(by_name) == len(data.samples)
        for (path, label), (tensor, _) in zip(data.samples, data):
            row = by_name[str(Path(path).relative_to(folder))]
            assert file["labels"][row] == label
            assert (file["images"][row] == tensor.numpy()).all(), path
