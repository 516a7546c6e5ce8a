# SPDX-License-Identifier: Apache-2.0
"""The error budget of AiDAC through `acimsweep mac`: SPEC section 10, item 3, in % of full scale.

Uniform 8-bit operands, 1024 rows, 64 outputs, 8 images, 100 chips. Odds: seeds are fixed. Terms
that are static per output and block have 6400 independent samples, so a standard deviation is known
to 0.88 %; fresh ones have 51200 (0.31 %). Five of these are allowed: 6e-7 a number for a correct
program.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mac_cases import mac, run, write_macro, write_operands

CHIPS, IMAGES, OUTPUTS = 100, 8, 64
STATIC, FRESH = 5 / np.sqrt(2 * CHIPS * OUTPUTS), 5 / np.sqrt(2 * CHIPS * OUTPUTS * IMAGES)
FULL_SCALE_TIME = {"full_scale_time_ns": 0.64}
CELL = {"c_unit_fF": 2.0}
PARASITIC = {"row_parasitic": 0.1, "column_parasitic": 0.1, "join_parasitic": 0.1}
DEFAULT = {
    "v_ref": 0.9,
    "cell": CELL | {"mismatch_pct_sqrt_fF": 0.85, "leakage_pA": 10, "hold_ns": 15,
                    "temperature_K": 300},
    "switch": {"injection_offset_mV": 0.5, "injection_gain": 0.001, "settling_error": 0.0015},
    "aidac": PARASITIC | FULL_SCALE_TIME | {"vtc_offset_mV": 3, "vtc_gain_pct": 0.5,
                                            "vtc_inl_pct": 0.17, "jitter_ps": 1, "delay_ns": 0.1},
}


def operands(rows: int = 1024, seed: int = 11836) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    return {"x": draw.integers(0, 256, (IMAGES, rows)),
            "w": draw.integers(-128, 128, (OUTPUTS, rows))}


def settings(macro: dict, bits: int, **keys: object) -> dict:
    macro = {"v_ref": 0.9} | macro
    macro["aidac"] = {"topology": "grouped_cells"} | macro.get("aidac", {})
    return {"weight_bits": 8, "activation_bits": 8, "seed": 2312, "chips": CHIPS,
            "macro": macro | {"adc": {"bits": bits}}} | keys


def errors(folder: Path, macro: dict, bits: int = 14, **keys: object) -> np.ndarray:
    """[chip, image, output] in % of full scale."""
    rows = macro.get("aidac", {}).get("blocks", 8) * 128
    data = operands(rows)
    y = mac(folder, data, settings(macro, bits, **keys))["y"]
    exact = data["x"] @ data["w"].T
    return (y - exact) / (rows * 256 * 255) * 100


def without_rounding(error: np.ndarray, bits: int) -> float:
    """Standard deviation less the variance of rounding to 2^bits codes."""
    lsb = 100 / 2**bits
    return float(np.sqrt(error.var() - lsb**2 / 12))


TERMS = {
    "mismatch": ({"cell": CELL | {"mismatch_pct_sqrt_fF": 0.85}}, 0.00352, 0.05),
    "mismatch_ten_times": ({"cell": CELL | {"mismatch_pct_sqrt_fF": 8.5}}, 0.0352, 0.05),
    "mismatch_grouped_weight": ({"cell": CELL | {"mismatch_pct_sqrt_fF": 8.5},
                                 "aidac": {"topology": "grouped_weight"}}, 0.0038, 0.06),
    "thermal": ({"cell": CELL | {"temperature_K": 300}}, 0.00354, 1.3 * FRESH),
    "thermal_twice_the_capacitor": ({"cell": {"c_unit_fF": 4, "temperature_K": 300}},
                                    0.00354 / np.sqrt(2), 1.6 * FRESH),
    "offset": ({"aidac": {"vtc_offset_mV": 3}}, 0.1179, STATIC),
    "offset_parasitic": ({"aidac": PARASITIC | {"vtc_offset_mV": 3}}, 0.1569, STATIC),
    "offset_two_blocks": ({"aidac": {"vtc_offset_mV": 3, "blocks": 2}}, 2 * 0.1179, STATIC),
    "gain": ({"aidac": {"vtc_gain_pct": 0.5}}, 0.0442, STATIC),
    "jitter": ({"aidac": FULL_SCALE_TIME | {"jitter_ps": 1}}, 0.0552, FRESH),
    "jitter_two_blocks": ({"aidac": FULL_SCALE_TIME | {"jitter_ps": 1, "blocks": 2}},
                          2 * 0.0552, FRESH),
}


@pytest.mark.parametrize("name", TERMS)
def test_one_term(name: str, tmp_path: Path) -> None:
    """Rounding to 14 bits, taken off, makes the error of small sigmas larger: 1.3 and 1.6 times."""
    macro, sigma, tolerance = TERMS[name]
    measured = without_rounding(errors(tmp_path, macro), 14)
    assert measured == pytest.approx(sigma, rel=tolerance)


@pytest.mark.parametrize(("macro", "mean", "tolerance"), [
    ({"switch": {"settling_error": 0.0015}}, -0.0374, 4e-4),
    ({"aidac": {"vtc_inl_pct": 0.17}}, 0.127, 1e-3),
    ({"switch": {"injection_offset_mV": 0.5, "injection_gain": 0.001}}, 0.0307, 5e-4),
    ({"cell": CELL | {"leakage_pA": 10, "hold_ns": 15}}, -0.0083, 2e-4),
])
def test_systematic_terms(macro: dict, mean: float, tolerance: float, tmp_path: Path) -> None:
    """512 outputs: rounding to 14 bits moves a mean by 0.0018/sqrt(512) = 8e-5."""
    assert errors(tmp_path, macro, chips=1).mean() == pytest.approx(mean, abs=tolerance)


def test_rounding_alone(tmp_path: Path) -> None:
    """512 codes: the rms of uniform errors is known to sqrt(4/5)/2/sqrt(512) = 2 %."""
    assert errors(tmp_path, {}, bits=8, chips=1).std() == pytest.approx(0.1128, rel=0.1)


def test_all_terms_stay_below_the_published_bound(tmp_path: Path) -> None:
    error = errors(tmp_path, DEFAULT, bits=8)
    assert error.std() == pytest.approx(0.206, abs=0.008)
    bound = abs(error.mean()) + 3 * error.std()
    assert bound == pytest.approx(0.73, abs=0.03)
    assert bound < 0.79


def test_parasitics_and_a_single_block(tmp_path: Path) -> None:
    large = dict.fromkeys(PARASITIC, 0.3)
    error = errors(tmp_path, DEFAULT | {"aidac": DEFAULT["aidac"] | large}, bits=8)
    assert abs(error.mean()) + 3 * error.std() == pytest.approx(0.97, abs=0.04)
    error = errors(tmp_path, DEFAULT | {"aidac": DEFAULT["aidac"] | {"blocks": 1}}, bits=8)
    assert error.std() == pytest.approx(0.50, rel=STATIC)


def test_a_raw_reference_breaks_the_bound(tmp_path: Path) -> None:
    """200 references carry half of the variance of offsets: known to 5 % each."""
    raw = DEFAULT | {"aidac": DEFAULT["aidac"] | {"reference": "raw"}}
    error = errors(tmp_path, raw, bits=8)
    assert error.std() == pytest.approx(0.265, abs=0.02)
    assert abs(error.mean()) + 3 * error.std() > 0.79


def test_chips_are_independent_and_repeat(tmp_path: Path) -> None:
    """Two chips share nothing; two trials of a chip share its static part, 0.163^2 of 0.173^2,
    known to (1 - r^2)/sqrt(64) for one image. Any number of threads gives the same numbers."""
    data = operands()
    macro = settings(DEFAULT, 14, chips=2, repeats=2)
    y = mac(tmp_path, data, macro, "--threads", 1)["y"]
    assert np.array_equal(mac(tmp_path, data, macro, "--threads", 2)["y"], y)
    y = y.reshape(4, IMAGES, OUTPUTS)  # trials: chip 0 twice, chip 1 twice
    r = np.corrcoef((y - data["x"] @ data["w"].T)[:, 0])
    assert r[0, 1] == pytest.approx(0.888, abs=5 * 0.21 / 8)
    assert r[2, 3] == pytest.approx(0.888, abs=5 * 0.21 / 8)
    assert abs(r[0, 2]) < 5 / 8
    assert not np.array_equal(y[0], y[1])


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("parasitic", [0.0, 0.1, 0.3])
def test_off_means_off(signed: bool, parasitic: float, tmp_path: Path) -> None:
    """Every term at 0: the code is the rounded ratio of integers, whatever the parasitics."""
    draw = np.random.default_rng(3)
    low = -128 if signed else 0
    x = draw.integers(low, low + 256, (4, 1500))
    w = draw.integers(-128, 128, (5, 1500))
    x[0], w[0] = low + 255, 127  # the largest sum
    x[1], w[1] = low, -128       # and the least
    macro = {"aidac": dict.fromkeys(PARASITIC, parasitic)}
    out = mac(tmp_path, {"x": x, "w": w}, settings(macro, 9, chips=1), "--conversions",
              signed_activations=int(signed))
    assert out["@path"] == "lut"
    s = out["s"].reshape(4, 5, 2)
    code = out["code"].reshape(4, 5, 2)
    for span, rows in enumerate((slice(0, 1024), slice(1024, 1500))):
        assert np.array_equal(s[:, :, span], (x[:, rows] - low) @ (w[:, rows] + 128).T)
    for at, total in np.ndenumerate(s):
        exact = round(Fraction(2**9 * int(total), 1024 * 256 * 255))  # half to even
        assert code[at] == min(exact, 2**9 - 1)
    step = 1024 * 256 * 255 / 2**9
    correction = 128 * x.sum(1)[:, None] - low * (w + 128).sum(1)[None, :]
    assert np.array_equal(out["D"], -correction)
    assert np.array_equal(out["y"], code.sum(2) * step - correction)


def test_settings_of_bit_columns_are_refused(tmp_path: Path) -> None:
    data = write_operands(tmp_path / "in.h5", operands())
    macro = write_macro(tmp_path / "m.yaml", settings({"hybrid": {"levels": 3}}, 8))
    result = run("mac", data, "--macro", macro, "-o", tmp_path / "out.h5")
    assert result.returncode == 2
    assert "m.yaml" in result.stderr
    assert "hybrid.levels is 3" in result.stderr
