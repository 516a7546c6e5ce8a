# SPDX-License-Identifier: Apache-2.0
"""Terms of the array, one by one against their formulas: parasitics, mismatch, charge injection,
settling, leakage, kT/C, volts. Single conversions of a one-bit weight and a 14-bit ADC show v to
6e-5 of full scale. Seeds are fixed; odds are stated for random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mac_cases import mac
from mac_model import BOLTZMANN, cycles, decode, drives, full_scale, single, sums

TOP = 2**14 - 1
ROWS = 16
COUNTS = list(range(ROWS + 1))
HALF = 0.5 + 1e-3  # a code lies within half a step of its position


def macro(**blocks: object) -> dict:
    return {"rows": ROWS, "adc": {"bits": 14}, "v_ref": 0.8, **blocks}


def check(codes: np.ndarray, v: np.ndarray) -> None:
    """Noise-free codes [1, 1, counts, columns] of the voltages v [counts]."""
    position = np.clip(v, 0.0, 1.0)[:, None] * TOP
    assert np.abs(codes[0, 0] - position).max() <= HALF


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize(("ratio", "femtofarad"), [(0.25, 0.0), (0.0, 9.0), (0.3, 4.5)])
def test_parasitic_gain(ratio: float, femtofarad: float, calibrated: bool, tmp_path: Path) -> None:
    cell = {"c_unit_fF": 1.5, "c_par_ratio": ratio, "c_par_fF": femtofarad,
            "calibrated": calibrated}
    r = ratio + femtofarad / (ROWS * 1.5)
    v = np.array(COUNTS) / ROWS / (1.0 if calibrated else 1.0 + r)
    check(single(tmp_path, COUNTS, macro(cell=cell), 3), v)


@pytest.mark.parametrize("calibrated", [True, False])
def test_parasitic_variation(calibrated: bool, tmp_path: Path) -> None:
    """C_par (1 + d): v = g m/(1 + r + r d), g = 1 + r or 1. 6400 columns know sigma to 0.9 %."""
    cell = {"c_unit_fF": 1.0, "c_par_ratio": 0.5, "c_par_variation_pct": 4.0,
            "calibrated": calibrated}
    v = single(tmp_path, [8], macro(cell=cell), 64, (100, 1))[:, 0, 0] / TOP
    gain = 1.5 if calibrated else 1.0
    assert v.std() == pytest.approx(gain * 0.5 * 0.5 * 0.04 / 1.5**2, rel=0.05)


def mismatch_sigma(s_u: float, m: np.ndarray, r: float, rows: int) -> np.ndarray:
    """Of the calibrated v = (1+r) sum_on C/(sum C + r N C_u) to first order in the deviations."""
    share = m / (1.0 + r)
    return s_u / np.sqrt(rows) * np.sqrt(m * (1.0 - share) ** 2 + (1.0 - m) * share**2)


@pytest.mark.parametrize(("coefficient", "unit", "r"), [(4.0, 4.0, 0.0), (4.0, 16.0, 0.0),
                                                        (4.0, 4.0, 0.6)])
def test_pelgrom(coefficient: float, unit: float, r: float, tmp_path: Path) -> None:
    """s_u = A_C/sqrt(C_u): 2 % at 4 fF, 1 % at four times that. 12800 columns know a sigma to 0.6
    %; 4 % is 6 of these. The mean stays within 5 standard errors and s_u^2."""
    cell = {"c_unit_fF": unit, "mismatch_pct_sqrt_fF": coefficient, "c_par_ratio": r}
    v = single(tmp_path, [4, 8, 13], macro(cell=cell), 64, (200, 1))[:, 0] / TOP
    s_u = coefficient / np.sqrt(unit) / 100.0
    m = np.array([4, 8, 13]) / ROWS
    sigma = mismatch_sigma(s_u, m, r, ROWS)
    assert np.all(np.abs(v.std(axis=(0, 2)) / sigma - 1.0) <= 0.04)
    assert np.all(np.abs(v.mean(axis=(0, 2)) - m) <= 5.0 * sigma / np.sqrt(12800) + s_u**2)


def test_mismatch_adds_up_over_cells(tmp_path: Path) -> None:
    """Cells alone add up to the same cells together, all rows to exactly the full scale."""
    x = np.vstack([np.eye(ROWS, dtype=int), np.ones((1, ROWS), dtype=int),
                   (np.arange(ROWS) < 5).astype(int)[None]])
    cell = {"c_unit_fF": 1.0, "mismatch_pct_sqrt_fF": 5.0}
    out = mac(tmp_path, {"x": x, "w": np.ones((20, ROWS), dtype=int)},
              {"weight_bits": 1, "activation_bits": 1, "seed": 4, "chips": 3,
               "macro": macro(cell=cell)})
    codes = out["A"]
    assert np.all(codes[:, ROWS] == TOP)
    assert np.abs(codes[:, :ROWS].sum(axis=1) - TOP).max() <= ROWS / 2
    assert np.abs(codes[:, :5].sum(axis=1) - codes[:, ROWS + 1]).max() <= 3
    assert np.ptp(codes[:, :ROWS]) > 0.05 * TOP / ROWS


def test_mismatch_is_paired_across_sigma(tmp_path: Path) -> None:
    """Deviations of a chip scale with s_u and are not drawn anew."""
    deviation = []
    for coefficient in (1.0, 2.0):
        cell = {"c_unit_fF": 1.0, "mismatch_pct_sqrt_fF": coefficient}
        deviation.append(single(tmp_path, [8], macro(cell=cell), 256)[0, 0, 0] - TOP / 2)
    one, two = deviation
    assert np.corrcoef(one, two)[0, 1] > 0.998
    assert (two @ one) / (one @ one) == pytest.approx(2.0, rel=0.01)


@pytest.mark.parametrize("r", [0.0, 0.5])
@pytest.mark.parametrize(("offset", "gain", "curvature"),
                         [(8.0, 0.0, 0.0), (-5.0, 0.0, 0.0), (0.0, 0.03, 0.0), (0.0, -0.02, 0.0),
                          (0.0, 0.0, 0.04), (0.0, 0.0, -0.05), (6.0, 0.02, -0.01)])
def test_injection(offset: float, gain: float, curvature: float, r: float, tmp_path: Path) -> None:
    """v + c0 - c1 v + c2 v^2; the volts of c0 grow by the calibrated gain."""
    blocks = {"cell": {"c_unit_fF": 1.0, "c_par_ratio": r},
              "switch": {"injection_offset_mV": offset, "injection_gain": gain,
                         "injection_curvature": curvature}}
    v = np.array(COUNTS) / ROWS
    v = v + offset / 800.0 * (1.0 + r) - gain * v + curvature * v * v
    check(single(tmp_path, COUNTS, macro(**blocks), 2), v)


def test_injection_variation(tmp_path: Path) -> None:
    """Sigma of c0 between columns, the same at every sum. 6400 columns: 5 % is 5 standard
    errors."""
    switch = {"injection_offset_mV": 10.0, "injection_offset_variation_mV": 2.0}
    v = single(tmp_path, [4, 8], macro(switch=switch), 64, (100, 1))[:, 0] / TOP * 0.8
    assert v[:, 0].std() == pytest.approx(0.002, rel=0.05)
    assert abs(v[:, 0].mean() - 0.2 - 0.010) < 5 * 0.002 / 80
    assert np.abs(v[:, 1] - v[:, 0] - 0.2).max() <= 2.0 / TOP


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize("r", [0.0, 0.4])
def test_leakage(r: float, calibrated: bool, tmp_path: Path) -> None:
    """500 pA for 20 ns on 1.25 fF are 8 mV. N such currents discharge N C_u (1 + r), so that the
    droop is I t/(C_u V_ref) of the calibrated full scale and 1/(1 + r) of that before."""
    cell = {"c_unit_fF": 1.25, "leakage_pA": 500, "hold_ns": 20, "c_par_ratio": r,
            "calibrated": calibrated}
    v = (np.array(COUNTS) / ROWS - 0.008 / 0.8) / (1.0 if calibrated else 1.0 + r)
    check(single(tmp_path, COUNTS, macro(cell=cell), 2), v)


def settled(v: np.ndarray, error: float, reset: bool) -> np.ndarray:
    """v + eps (v_prev - v) along the last axis, v_prev the voltage that the column was left at."""
    out, before = np.empty_like(v), np.zeros(v.shape[:-1])
    for j in range(v.shape[-1]):
        out[..., j] = v[..., j] + error * ((0.0 if reset else before) - v[..., j])
        before = out[..., j]
    return out


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize(("per_cycle", "signed"), [(1, False), (2, False), (2, True)])
def test_settling(per_cycle: int, signed: bool, reset: bool, tmp_path: Path) -> None:
    """4-bit weights, 5-bit inputs, two row groups, several cycles: each a chain of its own."""
    rng = np.random.default_rng(1)
    low = -16 if signed else 0
    data = {"x": rng.integers(low, low + 32, (6, 30)), "w": rng.integers(-8, 8, (5, 30))}
    blocks = macro(mapping="dense", bits_per_cycle=per_cycle,
                   switch={"settling_error": 0.2, "reset": reset})
    out = mac(tmp_path, data, {"weight_bits": 4, "activation_bits": 5, "macro": blocks},
              "--conversions", signed_activations=int(signed))
    parts = cycles(5, per_cycle, signed)
    full = full_scale(parts, ROWS)
    v = settled(sums(data["x"], data["w"], 4, parts, ROWS) / full, 0.2, reset)
    codes = out["code"][0, ..., 0]
    assert np.abs(codes - v * TOP).max() <= HALF
    assert np.allclose(out["y"], decode(codes, 4, parts, ROWS, 14), rtol=1e-12, atol=1e-9)


def test_settling_starts_from_what_the_column_held(tmp_path: Path) -> None:
    """v_prev is the voltage after leakage, 60 mV below what the last cycle settled to; what the ADC
    adds to it, offsets of 100 LSB, stays in the ADC."""
    x = np.array([[15] * 8 + [0] * 8, [5] * 12 + [0] * 4])
    blocks = {"rows": ROWS, "adc": {"bits": 14}, "v_ref": 1.0,
              "cell": {"c_unit_fF": 1.0, "leakage_pA": 3000, "hold_ns": 20},
              "switch": {"settling_error": 0.3, "reset": False}}
    s = drives(x, cycles(4)).sum(axis=1) / ROWS
    v, before = np.empty_like(s), np.zeros(2)
    for j in range(4):
        before = v[:, j] = s[:, j] + 0.3 * (before - s[:, j]) - 0.06
    data = {"x": x, "w": np.ones((8, ROWS), dtype=int)}
    settings = {"weight_bits": 1, "activation_bits": 4, "seed": 1, "macro": blocks}
    codes = mac(tmp_path, data, settings, "--conversions")["code"][0, :, :, 0, 0, :, 0]
    position = np.clip(v, 0.0, 1.0)[:, None] * TOP
    assert np.abs(codes - position).max() <= HALF
    blocks["adc_errors"] = {"offset_lsb": 100.0}
    moved = mac(tmp_path, data, settings, "--conversions")["code"][0, 0, :, 0, 0, :, 0]
    assert np.ptp(moved[:, 0]) > 50
    assert np.ptp(moved - codes[0], axis=1).max() <= 1


def test_order_of_the_static_terms(tmp_path: Path) -> None:
    """Gain, then injection, then settling, then leakage: large values tell the order."""
    blocks = {"cell": {"c_unit_fF": 1.0, "c_par_ratio": 0.25, "calibrated": False,
                       "leakage_pA": 2000, "hold_ns": 20},
              "switch": {"injection_offset_mV": 80, "injection_gain": 0.1,
                         "injection_curvature": -0.2, "settling_error": 0.3}}
    v = np.array(COUNTS) / ROWS / 1.25
    v = v + 0.1 - 0.1 * v - 0.2 * v * v
    v = v * 0.7 - 0.05 / 1.25
    check(single(tmp_path, COUNTS, macro(**blocks), 2), v)


def fresh_sigma(folder: Path, blocks: dict) -> float:
    """Standard deviation [V_ref] of 80000 conversions at sum 8, known to 0.25 %."""
    codes = single(folder, [8], blocks, 200, (1, 400))
    return float(np.sqrt(codes.var() - 1 / 12)) / (2 ** blocks["adc"]["bits"] - 1)


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize(("unit", "r", "bits"), [(1.0, 0.0, 14), (4.0, 0.0, 14), (1.0, 0.44, 14),
                                                 (0.5, 0.0, 11)])
def test_thermal_noise(unit: float, r: float, bits: int, calibrated: bool, tmp_path: Path) -> None:
    """sqrt(kT/(N C_u (1 + r)))/V_ref, times 1 + r where the gain is calibrated out: 6.4e-4 of full
    scale at 1 fF, half of that at 4 fF. 1.5 % is 6 standard errors."""
    blocks = macro(cell={"c_unit_fF": unit, "c_par_ratio": r, "temperature_K": 300,
                         "calibrated": calibrated}, adc={"bits": bits})
    sigma = np.sqrt(BOLTZMANN * 300 / (ROWS * unit * 1e-15 * (1 + r))) / 0.8
    sigma *= 1 + r if calibrated else 1
    assert fresh_sigma(tmp_path, blocks) == pytest.approx(sigma, rel=0.015)


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize("r", [0.0, 0.5])
def test_noise_in_volt(r: float, calibrated: bool, tmp_path: Path) -> None:
    """1 mV of 0.8 V, times 1 + r where the gain is calibrated out."""
    blocks = macro(cell={"c_unit_fF": 1.0, "c_par_ratio": r, "calibrated": calibrated},
                   noise={"random": {"sigma": 0.001, "unit": "volt"}})
    sigma = 0.001 / 0.8 * (1 + r if calibrated else 1)
    assert fresh_sigma(tmp_path, blocks) == pytest.approx(sigma, rel=0.015)


def test_fresh_sigmas_add_as_squares(tmp_path: Path) -> None:
    blocks = macro(cell={"c_unit_fF": 1.0, "temperature_K": 300},
                   noise={"random": {"sigma": 8.0, "unit": "lsb"}, "nonlinear": {"sigma": 0.2}},
                   adc_errors={"comparator_lsb": 6.0})
    thermal = BOLTZMANN * 300 / (ROWS * 1e-15) / 0.64
    sigma = np.sqrt(thermal + (64.0 + 36.0) / TOP**2 + 0.002**2 / 9)
    assert fresh_sigma(tmp_path, blocks) == pytest.approx(sigma, rel=0.015)


def test_kavishwar_column(tmp_path: Path) -> None:
    """256 binary rows of 1 fF, 0.9 V, s_u 0.664 %, C_par = 0.3 N C + 2.04 fF: a level of 2.688 mV,
    and mismatch alone spreads sum 64 by 0.0464 level. 12800 columns know that to 0.6 %, 4 %
    allowed."""
    cell = {"c_unit_fF": 1.0, "c_par_ratio": 0.3, "c_par_fF": 2.04, "calibrated": False}
    blocks = {"rows": 256, "adc": {"bits": 14}, "v_ref": 0.9, "cell": cell}
    codes = single(tmp_path, [64, 65, 192], blocks)[0, 0, :, 0] / TOP * 0.9
    assert (codes[2] - codes[0]) / 128 == pytest.approx(2.688e-3, rel=5e-4)
    cell["mismatch_pct_sqrt_fF"] = 0.664
    v = single(tmp_path, [64], blocks, 64, (200, 1)) / TOP * 0.9 / 2.688e-3
    step = 0.9 / TOP / 2.688e-3
    assert np.sqrt(v.var() - step**2 / 12) == pytest.approx(0.0464, rel=0.04)
