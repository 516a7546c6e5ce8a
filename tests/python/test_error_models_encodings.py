# SPDX-License-Identifier: Apache-2.0
"""Weight encodings: exact where the macro is lossless, and with noise the mean and the spread that
a Monte Carlo in numpy gives. Seeds are fixed; the odds of a false alarm are stated for random
ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mac_cases import mac, run, write_macro, write_operands
from mac_model import cycles, decode, drives, full_scale, row_groups

ENCODINGS = ["twos_complement", "offset_binary", "differential", "xnor"]
WEIGHT_BITS, ACTIVATION_BITS = 4, 4
REPEATS = 4000


def settings(encoding: str, rows: int, bits: int, span: str = "full", **macro: object) -> dict:
    return {"weight_bits": WEIGHT_BITS, "activation_bits": ACTIVATION_BITS, "seed": 3,
            "macro": {"rows": rows, "mapping": "dense", "weight_encoding": encoding,
                      "adc": {"bits": bits, "range": span}, **macro}}


def lossless_span(encoding: str) -> str:
    """An xnor column sums from -FS to FS, and 2 FS never divides 2^B - 1: only whole counts do."""
    return "counts" if encoding == "xnor" else "full"


def operands(batch: int, outputs: int, inputs: int, signed: bool = False,
             seed: int = 1) -> dict[str, np.ndarray]:
    """Weights from -7 to 7, which every encoding can hold."""
    rng = np.random.default_rng(seed)
    low = -(2 ** (ACTIVATION_BITS - 1)) if signed else 0
    return {"x": rng.integers(low, low + 2**ACTIVATION_BITS, (batch, inputs)),
            "w": rng.integers(-7, 8, (outputs, inputs))}


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("per_cycle", [1, 2, 3])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_lossless_is_the_integer_product(encoding: str, per_cycle: int, signed: bool,
                                         tmp_path: Path) -> None:
    """15 rows: 15, 45 and 105 counts of full scale divide 4095 = 2^12 - 1."""
    data = operands(5, 6, 37, signed)
    out = mac(tmp_path, data, settings(encoding, 15, 12, lossless_span(encoding),
                                       bits_per_cycle=per_cycle), signed_activations=int(signed))
    assert np.array_equal(out["y"], data["x"] @ data["w"].T)


@pytest.mark.parametrize("path", ["table", "fixed"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_lossless_on_every_path(encoding: str, path: str, tmp_path: Path) -> None:
    data = operands(5, 6, 37)
    macro = settings(encoding, 15, 8, lossless_span(encoding))
    out = mac(tmp_path, data, macro | {"path": path})
    assert np.array_equal(out["y"], data["x"] @ data["w"].T)


@pytest.mark.parametrize("encoding", ["twos_complement", "offset_binary", "xnor"])
def test_the_most_negative_weight(encoding: str, tmp_path: Path) -> None:
    data = operands(3, 4, 20)
    data["w"][:, ::3] = -8
    out = mac(tmp_path, data, settings(encoding, 15, 8, lossless_span(encoding)))
    assert np.array_equal(out["y"], data["x"] @ data["w"].T)


def test_differential_has_no_most_negative_weight(tmp_path: Path) -> None:
    """Two columns of three bits each hold -7..7; what they cannot hold is refused, not changed."""
    data = operands(3, 4, 20)
    data["w"][2, 5] = -8
    result = run("mac", write_operands(tmp_path / "in.h5", data), "--macro",
                 write_macro(tmp_path / "m.yaml", settings("differential", 15, 8)), "-o",
                 tmp_path / "out.h5")
    assert result.returncode == 2 and not (tmp_path / "out.h5").exists()
    assert "w[2, 5] is -8" in result.stderr and "differential" in result.stderr
    assert "-7..7" in result.stderr


def stored(w: np.ndarray, encoding: str) -> tuple[np.ndarray, np.ndarray]:
    """Bits of every column of a weight, and the value of each column."""
    value = 2.0 ** np.arange(WEIGHT_BITS)
    if encoding in ("offset_binary", "xnor"):
        return ((w + 2 ** (WEIGHT_BITS - 1))[..., None] >> np.arange(WEIGHT_BITS)) & 1, value
    parts = [(np.maximum(sign * w, 0)[..., None] >> np.arange(WEIGHT_BITS - 1)) & 1
             for sign in (1, -1)]
    return np.concatenate(parts, axis=-1), np.concatenate([value[:-1], -value[:-1]])


def monte_carlo(data: dict[str, np.ndarray], encoding: str, rows: int, bits: int, sigma: float,
                draws: int) -> np.ndarray:
    """y of repeated passes: every column of every row group and cycle is converted once. A cell of
    xnor adds +x or -x, S = 2s - sum x, and its ADC spans -FS..FS; s is recovered digitally."""
    rng = np.random.default_rng(17)
    parts = cycles(ACTIVATION_BITS)
    bit, value = stored(data["w"], encoding)
    driven = row_groups(drives(data["x"], parts), rows)
    s = np.einsum("bgrj,mgri->bmgij", driven, row_groups(bit, rows))
    total = driven.sum(axis=2)[:, None, :, None, :]
    top, full = 2**bits - 1, full_scale(parts, rows)
    bipolar = encoding == "xnor"
    position = (2 * s - total + full) / (2 * full) * top if bipolar else s / full * top
    noise = rng.standard_normal((draws, *position.shape)) * sigma
    found = np.clip(np.rint(np.round(position + noise, 9)), 0, top) * full / top
    if bipolar:
        found = found + (total - full) / 2
    place = value[:, None] * np.array([2.0**low for _, low, _ in parts])
    y = (found * place).sum(axis=(-3, -2, -1))
    if encoding in ("offset_binary", "xnor"):
        y -= 2 ** (WEIGHT_BITS - 1) * data["x"].sum(axis=1)[:, None]
    return y


@pytest.mark.parametrize("path", ["table", "fixed"])
@pytest.mark.parametrize("encoding", ["offset_binary", "differential", "xnor"])
@pytest.mark.parametrize(("bits", "sigma"), [(4, 0.6), (6, 1.0)])
def test_noise_is_that_of_the_columns(encoding: str, bits: int, sigma: float, path: str,
                                      tmp_path: Path) -> None:
    """6 elements; mean to 5 standard errors of the difference of two samples of 4000 (6e-7 each),
    standard deviation to 8 % (over 5 of its standard errors of 1/sqrt(4000) = 1.6 %)."""
    data = operands(2, 3, 24, seed=8)
    macro = settings(encoding, 15, bits, noise={"random": {"sigma": sigma, "unit": "lsb"}})
    out = mac(tmp_path, data, macro | {"repeats": REPEATS, "path": path})
    assert out["@path"] == path
    model = monte_carlo(data, encoding, 15, bits, sigma, REPEATS)
    spread = model.std(axis=0, ddof=1)
    assert np.all(np.abs(out["y"].mean(axis=0) - model.mean(axis=0))
                  <= 5.0 * spread * np.sqrt(2.0 / REPEATS))
    assert np.all(np.abs(out["y"].std(axis=0, ddof=1) / spread - 1.0) <= 0.08)


def test_offset_binary_is_as_noisy_as_twos_complement(tmp_path: Path) -> None:
    """Both convert four columns of weights 8, 4, 2, 1 with the same noise: equal spread where no
    code is clipped. 20000 errors each know a sigma to 0.5 %; 3 % is over 4 standard errors of the
    ratio."""
    data = operands(4, 5, 60, seed=4)
    data["x"] |= 5  # no sum is near 0
    data["w"] = np.where(np.arange(60) % 2 == 0, 5, -6) * np.ones((5, 1), dtype=int)
    spread = {}
    for encoding in ("offset_binary", "twos_complement"):
        macro = settings(encoding, 60, 6, noise={"random": {"sigma": 1.0, "unit": "lsb"}})
        y = mac(tmp_path, data, macro | {"repeats": 1000})["y"]
        spread[encoding] = (y - y.mean(axis=0)).std()
    assert spread["offset_binary"] == pytest.approx(spread["twos_complement"], rel=0.03)


@pytest.mark.parametrize("encoding", ["offset_binary", "differential", "xnor"])
def test_noise_free_coarse_codes(encoding: str, tmp_path: Path) -> None:
    """A lossy ADC without noise: the columns' rounded codes, to the last bit of a double."""
    data = operands(4, 5, 40)
    y = mac(tmp_path, data, settings(encoding, 20, 4))["y"]
    model = monte_carlo(data, encoding, 20, 4, 0.0, 1)[0]
    assert np.allclose(y, model, rtol=1e-12, atol=1e-9)
    assert not np.array_equal(y, data["x"] @ data["w"].T)


def test_decode_of_the_model_is_that_of_the_program(tmp_path: Path) -> None:
    """Guards the helpers: codes of the program, decoded in numpy, give its y."""
    data = operands(3, 4, 31)
    out = mac(tmp_path, data, settings("twos_complement", 10, 3, bits_per_cycle=3), "--conversions")
    parts = cycles(ACTIVATION_BITS, 3)
    assert np.allclose(decode(out["code"][0, ..., 0], WEIGHT_BITS, parts, 10, 3), out["y"],
                       rtol=1e-12, atol=1e-9)
