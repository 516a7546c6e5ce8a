# SPDX-License-Identifier: Apache-2.0
"""One conversion for all planes (`weight_parallel`) and columns of currents (`current_domain`)
against numpy. Seeds are fixed; odds are stated for random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mac_cases import mac
from mac_model import cycles, decode, full_scale, places, single, sums

W, X = 4, 4
REPEATS = 4000


def operands(batch: int, outputs: int, inputs: int, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"x": rng.integers(0, 2**X, (batch, inputs)),
            "w": rng.integers(-8, 8, (outputs, inputs))}


def settings(**macro: object) -> dict:
    return {"weight_bits": W, "activation_bits": X, "seed": 3,
            "macro": {"rows": 20, "mapping": "dense", "adc": {"bits": 6}, **macro}}


def parallel_position(data: dict[str, np.ndarray], rows: int, bits: int,
                      per_cycle: int) -> tuple[np.ndarray, np.ndarray]:
    """Position on the signed ADC [batch, M, group, cycle], and the value of one code per cycle."""
    parts = cycles(X, per_cycle)
    s = sums(data["x"], data["w"], W, parts, rows)
    signed = (s * np.array([1, 2, 4, -8])[:, None]).sum(axis=-2)
    full = (2.0 ** (W - 1) - 1) * full_scale(parts, rows)
    half = 2 ** (bits - 1) - 1
    low = np.array([2.0**bit for _, bit, _ in parts])
    return signed / full * half, low * full / half


@pytest.mark.parametrize("bits", [3, 6, 12])
@pytest.mark.parametrize("per_cycle", [1, 2, 3, 4])
def test_parallel_codes(per_cycle: int, bits: int, tmp_path: Path) -> None:
    data = operands(5, 6, 45)
    data["w"][0] = -8  # beyond -F: the ADC clips
    data["x"][0] = 15
    out = mac(tmp_path, data, settings(weight_parallel=True, bits_per_cycle=per_cycle,
                                       adc={"bits": bits}), "--conversions")
    position, step = parallel_position(data, 20, bits, per_cycle)
    half = 2 ** (bits - 1) - 1
    codes = np.clip(np.rint(np.round(position, 9)), -half, half)
    assert np.abs(position).max() > half
    assert np.allclose(out["y"], (codes * step).sum(axis=(-2, -1)), rtol=1e-12, atol=1e-9)
    assert out["code"].shape[-3:] == (1, codes.shape[-1], 1)


@pytest.mark.parametrize("path", ["table", "fixed"])
@pytest.mark.parametrize(("unit", "sigma", "in_lsb"),
                         [("lsb", 0.8, 0.8), ("percent_fs", 2.0, 0.02 * 31)])
def test_parallel_noise(unit: str, sigma: float, in_lsb: float, path: str, tmp_path: Path) -> None:
    """Noise in steps of the signed ADC or in percent of F. 6 outputs, 4000 repeats; mean to 5
    standard errors, spread to 8 % (7 standard errors)."""
    data = operands(2, 3, 30)
    out = mac(tmp_path, data, settings(weight_parallel=True, noise={
        "random": {"sigma": sigma, "unit": unit}}) | {"repeats": REPEATS, "path": path})
    position, step = parallel_position(data, 20, 6, 1)
    draws = np.random.default_rng(2).standard_normal((REPEATS, *position.shape)) * in_lsb
    model = (np.clip(np.rint(position + draws), -31, 31) * step).sum(axis=(-2, -1))
    spread = model.std(axis=0, ddof=1)
    assert np.all(np.abs(out["y"].mean(axis=0) - model.mean(axis=0))
                  <= 5.0 * spread * np.sqrt(2.0 / REPEATS))
    assert np.all(np.abs(out["y"].std(axis=0, ddof=1) / spread - 1.0) <= 0.08)


@pytest.mark.parametrize(("per_cycle", "levels"), [(1, 0), (1, 1), (1, 2), (1, 4), (2, 1), (2, 2)])
def test_parallel_hybrid_counts_cycles(per_cycle: int, levels: int, tmp_path: Path) -> None:
    """The top cycles are exact, the others go through a coarse ADC."""
    data = operands(4, 5, 45)
    out = mac(tmp_path, data, settings(weight_parallel=True, bits_per_cycle=per_cycle,
                                       adc={"bits": 3}, hybrid={"levels": levels}))
    position, step = parallel_position(data, 20, 3, per_cycle)
    codes = np.clip(np.rint(np.round(position, 9)), -3, 3)
    digital = np.arange(X // per_cycle) >= X // per_cycle - levels
    expected = (np.where(digital, position, codes) * step).sum(axis=(-2, -1))
    assert np.allclose(out["y"], expected, rtol=1e-12, atol=1e-9)
    if levels == X // per_cycle:
        assert np.array_equal(out["y"], data["x"] @ data["w"].T)


def test_parallel_voting_counts_cycles(tmp_path: Path) -> None:
    """Mean of 9 votes on the top two cycles of four: variance by cycle 1, 4, 16/9, 64/9 in place of
    1, 4, 16, 64. 6 outputs over 4000 repeats know a pooled variance to 1 %; 6 % allowed."""
    data = operands(2, 3, 20)
    noise = {"random": {"sigma": 1.5, "unit": "lsb"}}
    base = settings(weight_parallel=True, noise=noise) | {"repeats": REPEATS}
    plain = mac(tmp_path, data, base)["y"].var(axis=0).mean()
    base["macro"]["voting"] = {"levels": 2, "samples": 9, "combine": "mean"}
    voted = mac(tmp_path, data, base)["y"].var(axis=0).mean()
    assert voted / plain == pytest.approx((5 + 80 / 9) / 85, rel=0.06)


@pytest.mark.parametrize("per_cycle", [1, 2, 4])
@pytest.mark.parametrize("alpha", [0.001, 0.02])
def test_current_codes(alpha: float, per_cycle: int, tmp_path: Path) -> None:
    """s/(FS (1 + alpha s)), rounded: within half a code of the exact position."""
    data = operands(5, 6, 45)
    macro = settings(current_domain={"alpha": alpha}, bits_per_cycle=per_cycle, adc={"bits": 10})
    out = mac(tmp_path, data, macro, "--conversions")
    parts = cycles(X, per_cycle)
    s = sums(data["x"], data["w"], W, parts, 20)
    assert np.array_equal(out["s"][0, ..., 0], s)
    position = s / full_scale(parts, 20) / (1.0 + alpha * s) * 1023
    codes = out["code"][0, ..., 0]
    assert np.abs(codes - position).max() <= 0.5001
    assert np.allclose(decode(codes, W, parts, 20, 10), out["y"], rtol=1e-12, atol=1e-9)


def test_current_variation_is_of_cells_that_store_one(tmp_path: Path) -> None:
    """sigma(s') = 5 % sqrt(s): 64 columns of 100 chips know it to 0.9 %; 5 % allowed. The ADC's
    step of 0.006 counts adds nothing."""
    macro = {"rows": 100, "adc": {"bits": 14}, "current_domain": {"variation_pct": 5.0}}
    codes = single(tmp_path, [0, 10, 40, 90], macro, 64, (100, 1)) * (100 / 16383)
    assert np.all(codes[:, :, 0] == 0)
    for index, count in enumerate([10, 40, 90], start=1):
        assert codes[:, 0, index].std() == pytest.approx(0.05 * np.sqrt(count), rel=0.05)
        assert abs(codes[:, 0, index].mean() - count) < 5 * 0.05 * np.sqrt(count / 6400)


def test_current_variation_is_static(tmp_path: Path) -> None:
    """Repeats of a chip are alike, chips are not; a cell is the same in every sum."""
    macro = {"rows": 32, "adc": {"bits": 14},
             "current_domain": {"alpha": 0.01, "variation_pct": 5.0}}
    codes = single(tmp_path, [3, 3, 20], macro, 16, (4, 3))
    assert np.array_equal(codes[:, 0], codes[:, 1]) and np.array_equal(codes[:, 0], codes[:, 2])
    assert np.array_equal(codes[:, :, 0], codes[:, :, 1])
    for one in range(4):
        for two in range(one):
            assert not np.array_equal(codes[one], codes[two])


def test_current_compression_acts_on_the_varied_sum(tmp_path: Path) -> None:
    """With the same cells, alpha bends the same s': v0/(1 + alpha N v0) within one code."""
    base = {"rows": 32, "adc": {"bits": 14}}
    plain = single(tmp_path, [5, 15, 25], base | {"current_domain": {"variation_pct": 4.0}}, 16)
    bent = single(tmp_path, [5, 15, 25], base | {
        "current_domain": {"alpha": 0.02, "variation_pct": 4.0}}, 16)
    current = plain / 16383 * 32
    assert np.abs(bent - plain / (1.0 + 0.02 * current)).max() <= 1.0 + 1e-3


def test_current_noise_follows_the_exact_sum(tmp_path: Path) -> None:
    """Both noises act as in the charge domain: sigma^2 = (4 LSB)^2 + (0.4 % FS)^2/(s + 1), FS 4095
    LSB. 40000 conversions: 5 % on the sigma is 14 standard errors; its own step adds 1/12 LSB^2."""
    macro = {"rows": 63, "adc": {"bits": 12}, "current_domain": {"alpha": 0.01}, "noise": {
        "random": {"sigma": 4.0, "unit": "lsb"}, "nonlinear": {"sigma": 0.4}}}
    codes = single(tmp_path, [2, 30], macro, 200, (1, 200))[0]
    for index, count in enumerate([2, 30]):
        sigma = np.sqrt(16.0 + (0.004 * 4095) ** 2 / (count + 1) + 1 / 12)
        assert codes[:, index].std() == pytest.approx(sigma, rel=0.05)
        mean = count / 63 / (1 + 0.01 * count) * 4095
        assert abs(codes[:, index].mean() - mean) < 5 * sigma / 200


def test_places_of_the_model(tmp_path: Path) -> None:
    """Guards the helpers: exact sums times places are the integer product."""
    data = operands(3, 4, 33)
    parts = cycles(X, 3)
    s = sums(data["x"], data["w"], W, parts, 10)
    product = data["x"] @ data["w"].T
    assert np.array_equal((s * places(W, parts)).sum(axis=(-3, -2, -1)), product)
    out = mac(tmp_path, data, settings(bits_per_cycle=3, adc={"bits": 12}), "--conversions")
    assert out["s"].shape == (1, 3, 4, 2, W, 2, 1)
