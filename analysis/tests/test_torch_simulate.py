# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import stat
import struct
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (group train)")

import acimsweep.torch as at  # noqa: E402
from acimsweep import simulate  # noqa: E402
from acimsweep.torch.data_files import as_arrays, as_images, write_set  # noqa: E402
from acimsweep.program import ProgramError, find_program  # noqa: E402
from acimsweep.torch.simulation import macro_block  # noqa: E402
from torch import nn  # noqa: E402

MACRO = {"rows": 64, "adc": {"bits": 6}, "noise": {"random": {"sigma": 0.3, "unit": "lsb"}}}


class PairSet:
    """A data set of pairs, as torch's map-style ones are."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, i: int):
        return self.x[i], int(self.y[i])


def digits() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """An untrained network, 60 grey images of 8 x 8, and labels that it mostly gives."""
    torch.manual_seed(8)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 5)
    ).eval()
    x = torch.randint(0, 256, (60, 1, 8, 8)).float() / 255
    y = model(x).argmax(1)
    y[::7] = (y[::7] + 1) % 5
    return model, x, y


def test_sets_of_every_kind_are_the_same() -> None:
    _, x, y = digits()
    expected = as_arrays(x, y, 50)
    assert expected[0].shape == (50, 1, 8, 8) and expected[1].dtype == np.int64
    for dataset in ((x, y), PairSet(x, y), (x.numpy(), y.numpy())):
        for a, b in zip(as_arrays(dataset, None, 50), expected, strict=True):
            assert (a == b).all()
        assert (as_images(dataset) == x.numpy()).all()
    with pytest.raises(ValueError, match="labels are missing"):
        as_arrays(x, None, None)
    with pytest.raises(ValueError, match="60 images but labels of shape .59,"):
        as_arrays(x, y[1:], None)
    with pytest.raises(ValueError, match="whole numbers"):
        as_arrays(x, y - 1, None)
    with pytest.raises(ValueError, match="not finite"):
        as_arrays(x / 0, y, None)


def test_bytes_become_idx_and_all_else_npy(tmp_path: Path) -> None:
    _, x, y = digits()
    block = write_set(tmp_path, "a", x.numpy(), y.numpy())
    assert (block["format"], block["scale"], block["std"]) == ("idx", 1, 255)
    content = (tmp_path / block["images"]).read_bytes()
    assert struct.unpack(">HBB4I", content[:20]) == (0, 8, 4, 60, 1, 8, 8)
    pixels = np.frombuffer(content[20:], np.uint8).reshape(x.shape)
    assert (pixels.astype(np.float32) / np.float32(255) == x.numpy()).all()
    assert (tmp_path / block["labels"]).read_bytes()[8:] == y.numpy().astype(np.uint8).tobytes()
    shifted = (x - 0.5).numpy()
    block = write_set(tmp_path, "b", shifted, y.numpy())
    assert (block["format"], block["layout"], block["scale"]) == ("npy", "NCHW", 1)
    stored = np.load(tmp_path / block["images"])
    assert stored.dtype == np.float32 and (stored == shifted).all()


def test_a_preset_file_is_found_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = str(tmp_path / "mine.yaml")
    assert macro_block("./mine.yaml") == {"preset": here}
    assert macro_block({"preset": "mine.yaml", "rows": 9}) == {"preset": here, "rows": 9}
    assert macro_block("cr_cim") == {"preset": "cr_cim"}
    assert macro_block({"rows": 9}) == {"rows": 9}


def test_finding_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "acimsweep"
    fake.write_text("#!/bin/sh\necho 'acimsweep: place: what is wrong' >&2\nexit 2\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("ACIM_BINARY", str(tmp_path / "absent"))
    with pytest.raises(ProgramError, match="absent: no such program"):
        find_program()
    monkeypatch.delenv("ACIM_BINARY")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program() == fake
    model, x, y = digits()
    with pytest.raises(ProgramError, match="place: what is wrong"):
        simulate(model, x, x, MACRO, labels=y, folder=tmp_path / "run", program=fake)


needs_program = pytest.mark.skipif("ACIM_BINARY" not in os.environ, reason="no ACIM_BINARY")


@needs_program
def test_a_plain_module_on_the_macro(tmp_path: Path) -> None:
    model, x, y = digits()
    made = simulate(model, x, x, MACRO, labels=y, images=50, trials=3, folder=tmp_path / "run",
                    calibration=x[50:])  # fmt: skip
    right = int((model(x[:50]).argmax(1) == y[:50]).sum())
    assert made.float_accuracy == pytest.approx(right / 50)
    assert 0 <= made.interval[0] <= made.accuracy <= made.interval[1]
    assert made.accuracy == pytest.approx(made.results.trials["correct"].sum() / 150)
    assert list(made.layers["layer"]) == ["0", "4"]
    assert "float" in str(made) and (made.folder / "sweep.yaml").exists()
    again = simulate(model, x, (x, y), MACRO, images=50, trials=3, folder=tmp_path / "run",
                     calibration=x[50:])  # fmt: skip
    assert again.accuracy == made.accuracy
    # The errors of a simulation are the noise of a training: same bits, names of modules.
    quantised = at.quantise(model, 8, 8, per_channel=False)
    at.calibrate(quantised, [x])
    at.set_noise(quantised, at.sigmas_of_results(made.results, 0))
    assert float(quantised[4].noise.sigma) == pytest.approx(made.layers["error_sd"][1])


PRESET = """\
acimsweep: 1
weight_bits: 3
activation_bits: 4
macro: {rows: 64}
preset:
  title: "three by four bits"
  sources: {macro.rows: {kind: assumed, source: "a test"}}
"""


@needs_program
def test_a_presets_bits_hold_unless_others_are_given(tmp_path: Path) -> None:
    model, x, y = digits()
    preset = tmp_path / "mine.yaml"
    preset.write_text(PRESET)

    def bits(name: str, macro: object, **given: int) -> tuple[int, int]:
        made = simulate(model, x, (x, y), macro, trials=1, folder=tmp_path / name, **given)
        point = json.loads(made.results.points["point_json"][0])
        return point["weight_bits"], point["activation_bits"]

    assert bits("preset", str(preset)) == (3, 4)
    assert bits("one", {"preset": str(preset)}, weight_bits=5) == (5, 4)
    assert bits("both", str(preset), weight_bits=5, activation_bits=6) == (5, 6)
    assert bits("none", MACRO) == (8, 8)


@needs_program
@pytest.mark.parametrize("per_channel", [True, False])
def test_trained_scales_reach_the_program(per_channel: bool, tmp_path: Path) -> None:
    model, x, y = digits()
    quantised = at.quantise(model, 3, 4, per_channel=per_channel).eval()
    at.calibrate(quantised, [x])
    right = int((quantised(x).argmax(1) == y).sum())
    assert right != int((model(x).argmax(1) == y).sum())
    made = simulate(quantised, x, (x, y), MACRO, trials=1, folder=tmp_path)
    assert made.baseline_accuracy == pytest.approx(right / 60)


@needs_program
def test_images_that_are_no_bytes(tmp_path: Path) -> None:
    model, x, _ = digits()
    x = 3 * x - 0.5
    made = simulate(model, x, (x, model(x).argmax(1)), MACRO, trials=1, folder=tmp_path,
                    calibration=x[:9])  # fmt: skip
    assert made.float_accuracy == 1
    assert list(tmp_path.glob("*.idx")) == []


@needs_program
def test_the_programs_own_message(tmp_path: Path) -> None:
    model, x, y = digits()
    with pytest.raises(ProgramError, match="macro.rows"):
        simulate(model, x, (x, y), {"rows": 0}, folder=tmp_path)


@needs_program
def test_a_network_of_positions(tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Embedding(5, 8), nn.Linear(8, 5)).eval()
    x = torch.randint(0, 5, (40, 6))
    y = model(x).argmax(2)
    y[:10, 2] = (y[:10, 2] + 1) % 5
    made = simulate(model, x, (x, y), {"rows": 15, "adc": {"bits": 4}}, trials=1,
                    folder=tmp_path)  # fmt: skip
    assert made.float_accuracy == pytest.approx(230 / 240)
    assert made.results.correct(0).shape == (40, 6)
    points = made.results.points
    assert points["perplexity"][0] == pytest.approx(np.exp(points["loss"][0]))
