# SPDX-License-Identifier: Apache-2.0
"""`acimsweep trace`: operands of real layers, as `acimsweep mac` reads them."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from mac_cases import ROOT, run, write_macro
from sweep_cases import SWEEP, needs_data, set_options

pytestmark = needs_data

# One point on a few images.
ONE = {"workload.images": 8, "quantisation.images": 64, "grid.macro.adc.bits": [8],
       "grid.macro.noise.random.sigma": [0]}
NOISY = ONE | {"grid.macro.noise.random.sigma": [1]}
TWO = ONE | {"grid.macro.adc.bits": [7, 8]}
MACRO = {"weight_bits": 8, "activation_bits": 8, "macro": {"rows": 255, "mapping": "dense"}}


def trace(out: Path, settings: dict[str, object], *arguments: str,
          file: Path = SWEEP) -> dict[str, np.ndarray]:
    result = run("trace", file, "-o", out, *set_options(settings), *arguments)
    assert result.returncode == 0, result.stderr
    with h5py.File(out) as traced:
        return {name: traced[name][()] for name in traced
                if isinstance(traced[name], h5py.Dataset)}


def computed(folder: Path) -> np.ndarray:
    """y of `acimsweep mac` on in.h5 of the folder, on a lossless macro."""
    macro = write_macro(folder / "m.yaml", MACRO)
    result = run("mac", folder / "in.h5", "--macro", macro, "-o", folder / "out.h5")
    assert result.returncode == 0, result.stderr
    with h5py.File(folder / "out.h5") as file:
        return file["y"][()]


def convolved(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The plain integer convolution without padding, [N, M, H', W']."""
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.int64), w.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,mcij->nmhw", windows, w.astype(np.int64))


def test_convolution_goes_through_mac(tmp_path: Path) -> None:
    operands = trace(tmp_path / "in.h5", ONE, "--layer", "conv2", "--images", "2-4")
    x, w = operands["x"], operands["w"]
    assert x.shape == (3, 6, 14, 14) and w.shape == (16, 6, 5, 5)
    assert x.min() == 0 and 200 < x.max() <= 255 and np.abs(w).max() == 127
    assert np.array_equal(computed(tmp_path), convolved(x, w))


def test_linear_layer_has_its_scales(tmp_path: Path) -> None:
    operands = trace(tmp_path / "in.h5", ONE, "--layer", "fc1", "--images", "0-1")
    assert operands["x"].shape == (2, 400) and operands["w"].shape == (120, 400)
    with h5py.File(tmp_path / "in.h5") as file:
        origin = file["trace"]
        assert origin.attrs["layer"] == "fc1" and origin.attrs["upstream"] == "digital"
        assert origin["weight_scale"].shape == (120,) and origin["bias"].shape == (120,)
        assert json.loads(origin.attrs["config"])["weight_bits"] == 8


def test_attention_goes_through_mac(tmp_path: Path) -> None:
    vit = ROOT / "sweeps" / "vit.yaml"
    one = ONE | {"grid.macro.noise.random.sigma": [0]}
    for layer, names, signed in (("scores.qk", "qk", 1), ("mix.av", "av", 0)):
        operands = trace(tmp_path / "in.h5", one, "--layer", f"layers.1.attention.{layer}",
                         "--images", "0-1", file=vit)
        first, second = (operands[name].astype(np.int64) for name in names)
        assert first.shape[0] == second.shape[0] == 2 and np.abs(first).max() <= 255
        with h5py.File(tmp_path / "in.h5") as file:
            assert file.attrs["signed_activations"] == signed
        wanted = first @ (second.swapaxes(-1, -2) if names == "qk" else second)
        assert np.array_equal(computed(tmp_path), wanted)


def test_a_trial_changes_what_later_layers_see(tmp_path: Path) -> None:
    plain = trace(tmp_path / "a.h5", NOISY, "--layer", "fc1")["x"]
    first = trace(tmp_path / "b.h5", NOISY, "--layer", "fc1", "--trial", "0,0")["x"]
    second = trace(tmp_path / "c.h5", NOISY, "--layer", "fc1", "--trial", "0,1")["x"]
    assert not np.array_equal(plain, first) and not np.array_equal(first, second)
    trace(tmp_path / "d.h5", NOISY, "--layer", "fc1", "--trial", "0,0", "--threads", "1")
    assert (tmp_path / "d.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_point_has_a_number_and_an_id(tmp_path: Path) -> None:
    ids = []
    for number in ("0", "1"):
        trace(tmp_path / f"{number}.h5", TWO, "--layer", "fc1", "--point", number)
        with h5py.File(tmp_path / f"{number}.h5") as file:
            config = json.loads(file["trace"].attrs["config"])
            ids.append(file["trace"].attrs["point"])
        assert config["macro"]["adc"]["bits"] == 7 + int(number)
    trace(tmp_path / "id.h5", TWO, "--layer", "fc1", "--point", ids[1][:12])
    assert (tmp_path / "id.h5").read_bytes() == (tmp_path / "1.h5").read_bytes()


@pytest.mark.parametrize(("settings", "arguments", "message"), [
    (ONE, ("--layer", "conv9"), "no such layer. The network has conv1, conv2, fc1"),
    (ONE, ("--layer", "fc1", "--images", "7-2"), "expected one image or a range"),
    (ONE, ("--layer", "fc1", "--images", "99999999"), "the data hold images 0 to 9999"),
    (ONE, ("--layer", "fc1", "--point", "zz"), "is none of the sweep's 1 points"),
    (ONE, ("--layer", "fc1", "--trial", "0"), "expected CHIP,REPEAT"),
    (TWO, ("--layer", "fc1"), "fits 2 of the sweep's 2 points"),
    (TWO, ("--layer", "fc1", "--point", "2"), "--point 2: the sweep has 2 points, 0 to 1."),
    (TWO, ("--layer", "fc1", "--point", "000000000001"), "is none of the sweep's 2 points"),
])
def test_what_does_not_fit_is_said(tmp_path: Path, settings: dict[str, object],
                                   arguments: tuple[str, ...], message: str) -> None:
    out = tmp_path / "in.h5"
    result = run("trace", SWEEP, "-o", out, *set_options(settings), *arguments)
    assert result.returncode == 2 and message in result.stderr, result.stderr
    assert not out.exists()
