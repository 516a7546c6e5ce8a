# SPDX-License-Identifier: Apache-2.0
"""Error terms together and on whole layers: a Monte Carlo of chips in numpy, digital conversions,
votes, partly filled columns, all planes at once. Seeds are fixed; odds are stated for random
ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mac_cases import mac
from mac_model import cycles, decode, drives, full_scale, planes, row_groups, single

ROWS, CHIPS = 16, 3000
TOP = 2**14 - 1


def operands(batch: int, outputs: int, inputs: int, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"x": rng.integers(0, 16, (batch, inputs)), "w": rng.integers(-8, 8, (outputs, inputs))}


def chips_in_numpy(data: dict[str, np.ndarray], per_cycle: int, bits: int, s_u: float, ratio: float,
                   offset: float, gain: float, shared: int) -> np.ndarray:
    """y [chip, batch, M] of chips with drawn cells and ADCs; `shared` neighbouring planes have one
    ADC. Row groups lie in arrays of their own."""
    rng = np.random.default_rng(23)
    parts = cycles(4, per_cycle)
    driven = row_groups(drives(data["x"], parts), ROWS)
    stored = row_groups(planes(data["w"], 4), ROWS)
    full, top = full_scale(parts, ROWS), 2**bits - 1
    outputs, groups = stored.shape[:2]
    out = []
    for _ in range(CHIPS):
        cell = 1.0 + s_u * rng.standard_normal(stored.shape)
        share = (1 + ratio) * ROWS / (cell.sum(axis=2) + ratio * ROWS)
        v = np.einsum("bgrj,mgri,mgi->bmgij", driven, stored * cell, share) / full
        adc = rng.standard_normal((2, outputs, groups, 4 // shared)).repeat(shared, axis=-1)
        v = v * (1 + gain * adc[0, ..., None]) + offset / top * adc[1, ..., None]
        out.append(decode(np.clip(np.rint(v * top), 0, top), 4, parts, ROWS, bits))
    return np.stack(out)


@pytest.mark.parametrize("shared", [1, 4])
@pytest.mark.parametrize(("per_cycle", "bits"), [(1, 6), (2, 8)])
def test_spread_over_chips(per_cycle: int, bits: int, shared: int, tmp_path: Path) -> None:
    """6 outputs, 3000 chips each side: means to 5 standard errors of the difference, spreads to 12
    % (the ratio of two has a standard error of 1.8 %). Planes that share an ADC cancel most of its
    offset."""
    data = operands(2, 3, 28)
    macro = {"rows": ROWS, "mapping": "dense", "bits_per_cycle": per_cycle, "adc": {"bits": bits},
             "cell": {"c_unit_fF": 4.0, "mismatch_pct_sqrt_fF": 8.0, "c_par_ratio": 0.3},
             "adc_errors": {"offset_lsb": 0.5, "gain_pct": 1.0},
             "array": {"columns_per_adc": shared}}
    y = mac(tmp_path, data, {"weight_bits": 4, "activation_bits": 4, "seed": 4, "chips": CHIPS,
                             "macro": macro})["y"]
    model = chips_in_numpy(data, per_cycle, bits, 0.04, 0.3, 0.5, 0.01, shared)
    spread = model.std(axis=0, ddof=1)
    assert np.all(np.abs(y.mean(axis=0) - model.mean(axis=0)) <= 5 * spread * np.sqrt(2 / CHIPS))
    assert np.all(np.abs(y.std(axis=0, ddof=1) / spread - 1) <= 0.12)


def test_empty_rows_of_a_column_still_load_it(tmp_path: Path) -> None:
    """10 of 16 rows are used and all driven: the six others have capacitors too, so that the sum
    spreads with sqrt(m (1 - m)). 12800 columns know that to 0.6 %; 4 % allowed."""
    macro = {"rows": ROWS, "mapping": "dense", "adc": {"bits": 14},
             "cell": {"c_unit_fF": 1.0, "mismatch_pct_sqrt_fF": 2.0}}
    out = mac(tmp_path, {"x": np.ones((1, 10), dtype=int), "w": np.ones((64, 10), dtype=int)},
              {"weight_bits": 1, "activation_bits": 1, "seed": 4, "chips": 200, "macro": macro})
    m = 10 / ROWS
    assert out["y"].std() / ROWS == pytest.approx(0.02 * np.sqrt(m * (1 - m) / ROWS), rel=0.04)


STATIC = {"v_ref": 0.9, "mapping": "dense", "bits_per_cycle": 2, "rows": 30, "adc": {"bits": 6},
          "cell": {"c_unit_fF": 2.0, "mismatch_pct_sqrt_fF": 4.0, "c_par_ratio": 0.1,
                   "c_par_variation_pct": 3, "leakage_pA": 50, "hold_ns": 15},
          "switch": {"injection_offset_mV": 5, "injection_offset_variation_mV": 3,
                     "injection_gain": 0.01, "settling_error": 0.05, "reset": False},
          "input_dac": {"inl_lsb": 0.1},
          "adc_errors": {"offset_lsb": 0.5, "gain_pct": 0.3, "dnl_lsb": 0.2}}


def test_a_quiet_chip_is_the_same_on_every_path(tmp_path: Path) -> None:
    data = operands(5, 6, 70)
    base = {"weight_bits": 4, "activation_bits": 4, "seed": 4, "chips": 3, "macro": STATIC}
    auto, table, fixed = (mac(tmp_path, data, base | {"path": path})["A"]
                          for path in ("auto", "table", "fixed"))
    assert np.array_equal(auto, table) and np.array_equal(auto, fixed)


def test_digital_conversions_are_exact_on_any_chip(tmp_path: Path) -> None:
    """With all levels digital nothing is converted; with three, D is the exact part."""
    data = operands(5, 6, 70)
    base = {"weight_bits": 4, "activation_bits": 4, "seed": 4, "chips": 2}
    product = data["x"] @ data["w"].T
    noise = {"random": {"sigma": 2.0, "unit": "lsb"}}
    all_digital = mac(tmp_path, data, base | {"macro": STATIC | {
        "hybrid": {"levels": 5}, "noise": noise}})
    assert np.array_equal(all_digital["y"], np.stack([product] * 2))
    some = STATIC | {"hybrid": {"levels": 2}, "noise": noise}
    exact = {"rows": 30, "mapping": "dense", "bits_per_cycle": 2, "adc": {"bits": 6},
             "hybrid": {"levels": 2}}
    digital = mac(tmp_path, data, base | {"macro": some})["D"]
    assert np.array_equal(digital, mac(tmp_path, data, base | {"macro": exact})["D"])


def test_votes_average_the_fresh_part_only(tmp_path: Path) -> None:
    """Offsets of 40 LSB stay, noise of 8 LSB falls to 2 with 16 votes: the mean over 200 repeats of
    64 columns is the voteless chip's code to 5 standard errors and half a step."""
    quiet = {"rows": ROWS, "adc": {"bits": 14}, "adc_errors": {"offset_lsb": 40.0}}
    noisy = quiet | {"noise": {"random": {"sigma": 8.0, "unit": "lsb"}},
                     "voting": {"levels": 1, "samples": 16, "combine": "mean"}}
    static = single(tmp_path, [8], quiet, 64)[0, 0, 0]
    codes = single(tmp_path, [8], noisy, 64, (1, 200))[0, :, 0] / 16
    assert np.abs(codes.mean(axis=0) - static).max() <= 5 * 2.0 / np.sqrt(200) + 0.5
    assert np.sqrt(codes.var(axis=0, ddof=1).mean()) == pytest.approx(2.0, rel=0.03)


def test_measured_errors_add_to_the_others(tmp_path: Path) -> None:
    """Sigma 30 LSB from the table and 40 LSB of noise are 50 LSB. 40000 conversions: 2 % is over 5
    standard errors."""
    table = tmp_path / "m.csv"
    table.write_text("sum,mean_lsb,sigma_lsb\n0,10,30\n16,10,30\n", encoding="utf-8")
    macro = {"rows": ROWS, "adc": {"bits": 14}, "measured": {"file": str(table)},
             "noise": {"random": {"sigma": 40.0, "unit": "lsb"}}}
    codes = single(tmp_path, [8], macro, 200, (1, 200))
    assert codes.std() == pytest.approx(50.0, rel=0.02)
    assert abs(codes.mean() - TOP / 2 - 10) <= 5 * 50 / 200


def parallel(folder: Path, macro: dict, chips: int = 200) -> np.ndarray:
    """Codes [chip, M] of weights of which every second one is -1 (1111), the others 0."""
    w = np.zeros((64, ROWS), dtype=int)
    w[:, ::2] = -1
    out = mac(folder, {"x": np.ones((1, ROWS), dtype=int), "w": w},
              {"weight_bits": 4, "activation_bits": 1, "seed": 4, "chips": chips,
               "macro": {"rows": ROWS, "mapping": "dense", "weight_parallel": True,
                         "adc": {"bits": 14}, **macro}})
    return out["A"].reshape(chips, 64)


def test_parallel_offset(tmp_path: Path) -> None:
    """The one ADC of an output has an offset in its own steps; -8/112 of full scale otherwise."""
    codes = parallel(tmp_path, {"adc_errors": {"offset_lsb": 30.0}})
    position = -8 / (7 * ROWS) * (2**13 - 1)
    assert abs(codes.mean() - position) < 5 * 30 / np.sqrt(12800) + 0.5
    assert codes.std() == pytest.approx(30.0, rel=0.04)


def test_parallel_mismatch(tmp_path: Path) -> None:
    """Four planes of columns with m = 1/2, weighed 1, 2, 4, -8 by 7: their spreads add as
    squares."""
    codes = parallel(tmp_path, {"cell": {"c_unit_fF": 1.0, "mismatch_pct_sqrt_fF": 2.0}})
    sigma = 0.02 * np.sqrt(0.25 / ROWS) * np.sqrt(1 + 4 + 16 + 64) / 7 * (2**13 - 1)
    assert codes.std() == pytest.approx(sigma, rel=0.04)


def test_parallel_gain_terms(tmp_path: Path) -> None:
    """Parasitic gain of 1/1.25 and settling of 0.9 act on all planes alike."""
    codes = parallel(tmp_path, {"switch": {"settling_error": 0.1}, "cell": {
        "c_unit_fF": 1.0, "c_par_ratio": 0.25, "calibrated": False}}, 1)
    position = -8 / (7 * ROWS) * (2**13 - 1) / 1.25 * 0.9
    assert np.all(np.abs(codes - position) <= 0.5 + 1e-3)


def test_mismatch_of_xnor_columns(tmp_path: Path) -> None:
    """Half of the cells add, half subtract: v = 1/2 + sum t C/(2 sum C) spreads with s_u/(2 sqrt
    N), in each of the four columns of 6400 weights (to 0.9 %; 5 % allowed)."""
    w = np.zeros((64, ROWS), dtype=int)
    w[:, ::2] = -1
    macro = {"rows": ROWS, "mapping": "dense", "weight_encoding": "xnor", "adc": {"bits": 14},
             "cell": {"c_unit_fF": 1.0, "mismatch_pct_sqrt_fF": 2.0}}
    out = mac(tmp_path, {"x": np.ones((1, ROWS), dtype=int), "w": w},
              {"weight_bits": 4, "activation_bits": 1, "seed": 4, "chips": 100, "macro": macro},
              "--conversions")
    v = out["code"].reshape(6400, 4) / TOP
    sigma = 0.02 / 2 / np.sqrt(ROWS)
    assert np.all(np.abs(v.std(axis=0) / sigma - 1) <= 0.05)
    assert np.all(np.abs(v.mean(axis=0) - 0.5) <= 5 * sigma / 80)


@pytest.mark.parametrize("shared", [1, 2, 3, 6])
def test_a_differential_weight_takes_six_columns(shared: int, tmp_path: Path) -> None:
    """Three bits, two columns each: 24 columns of 4 weights have 24/shared offsets, which
    seldom give the same code."""
    w = np.full((4, ROWS), -7)
    w[:, :8] = 7
    macro = {"rows": ROWS, "mapping": "dense", "weight_encoding": "differential",
             "adc": {"bits": 14}, "adc_errors": {"offset_lsb": 1500.0},
             "array": {"columns_per_adc": shared}}
    out = mac(tmp_path, {"x": np.ones((1, ROWS), dtype=int), "w": w},
              {"weight_bits": 4, "activation_bits": 1, "seed": 4, "macro": macro}, "--conversions")
    assert out["code"].size == 24
    assert 0.8 * (24 // shared) <= np.unique(out["code"]).size <= 24 // shared


@pytest.mark.parametrize("encoding", ["offset_binary", "differential"])
def test_static_terms_of_other_encodings(encoding: str, tmp_path: Path) -> None:
    """Settling of 0.9 at every column: offset binary shrinks w + 8 and corrects with the exact sum
    of inputs, differential shrinks w itself. 14 bits leave errors below 15*15/2 steps of a
    column."""
    data = operands(4, 5, 30)
    data["w"] = np.maximum(data["w"], -7)
    macro = {"rows": ROWS, "mapping": "dense", "weight_encoding": encoding, "adc": {"bits": 14},
             "switch": {"settling_error": 0.1}}
    y = mac(tmp_path, data, {"weight_bits": 4, "activation_bits": 4, "macro": macro})["y"]
    shift = 8 if encoding == "offset_binary" else 0
    expected = 0.9 * (data["x"] @ (data["w"] + shift).T) - shift * data["x"].sum(axis=1)[:, None]
    assert np.abs(y - expected).max() <= 2 * 15 * 15 * ROWS / TOP
