# SPDX-License-Identifier: Apache-2.0
"""The macro presets of data/macros do what their sources say: each runs, and the number that its
paper gives comes out. Seeds are fixed; statistical tests fail once in 10^6 seeds or less."""

from __future__ import annotations

import json
import math
from pathlib import Path

import h5py
import numpy as np
import pytest

from mac_cases import ROOT, run, write_macro, write_operands

MACROS = ROOT / "data" / "macros"
RNG = np.random.default_rng(11)

# Weight bits, activation bits, rows summed, ADC bits (README's table).
PRESETS = {
    "aidac_28nm": (8, 8, 1024, 8), "asim_default": (8, 8, 255, 8), "cr_cim": (8, 8, 512, 10),
    "jia_jssc_2020": (4, 4, 2304, 8), "kavishwar_28nm": (1, 1, 256, 8), "mc2_ram": (4, 4, 576, 8),
    "sinangil_jssc_2021": (4, 4, 64, 4), "wang_vlsi_2022": (8, 8, 64, 8), "yoco": (8, 8, 1024, 8),
}


def random_operands(name: str, outputs: int, batch: int) -> dict[str, np.ndarray]:
    """Uniform weights and unsigned inputs that fill the preset's rows."""
    weight_bits, activation_bits, rows, _ = PRESETS[name]
    low, high = (0, 2) if weight_bits == 1 else (-2 ** (weight_bits - 1), 2 ** (weight_bits - 1))
    return {"w": RNG.integers(low, high, (outputs, rows)),
            "x": RNG.integers(0, 2 ** activation_bits, (batch, rows))}


def mac(folder: Path, macro: Path, operands: dict[str, np.ndarray],
        *options: object) -> dict[str, np.ndarray]:
    """Datasets of OUT.h5, and its configuration under "config"."""
    result = run("mac", write_operands(folder / "in.h5", operands), "--macro", macro, "-o",
                 folder / "out.h5", *options)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    with h5py.File(folder / "out.h5") as file:
        out = {name: dataset[()] for name, dataset in file.items()}
        out["config"] = json.loads(file.attrs["config"])
        out["path"] = file.attrs["path"]
    return out


def preset_mac(folder: Path, name: str, operands: dict[str, np.ndarray],
               *options: object) -> dict[str, np.ndarray]:
    return mac(folder, MACROS / f"{name}.yaml", operands, *options)


def exact(operands: dict[str, np.ndarray]) -> np.ndarray:
    return operands["x"] @ operands["w"].T


def q_function(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def test_every_preset_is_tested_and_listed() -> None:
    assert {path.stem for path in MACROS.iterdir()} == set(PRESETS)
    readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for name in PRESETS:
        assert f"| `{name}` |" in readme


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_name_and_file_are_one_macro(tmp_path: Path, name: str) -> None:
    operands = random_operands(name, 4, 3)
    by_name = write_macro(tmp_path / "m.yaml", {"seed": 1, "macro": {"preset": name}})
    one, two = mac(tmp_path, by_name, operands), preset_mac(tmp_path, name, operands)
    assert np.array_equal(one["y"], two["y"])
    assert one["config"]["macro"] == two["config"]["macro"]
    weight_bits, activation_bits, rows, adc_bits = PRESETS[name]
    config = two["config"]
    assert (config["weight_bits"], config["activation_bits"]) == (weight_bits, activation_bits)
    assert config["macro"]["adc"]["bits"] == adc_bits
    aidac = config["macro"].get("aidac")
    summed = aidac.get("blocks", 8) * aidac.get("block_rows", 128) if aidac else None
    assert (summed or config["macro"]["rows"]) == rows


def test_asim_default_errs_as_often_as_its_noise_says(tmp_path: Path) -> None:
    """At sum 0 the two noises are 0.05 % of 255 LSB each: P(code > 0) = Q(0.5/0.180) = 0.00277."""
    codes = zero_codes(tmp_path, "asim_default")
    p = q_function(0.5 / (0.05 * 2.55 * math.sqrt(2.0)))
    assert abs(np.mean(codes > 0) - p) < 5.0 * math.sqrt(p / codes.size)


def test_cr_cim_has_the_measured_noise(tmp_path: Path) -> None:
    """0.58 LSB rms at sum 0: P(code > 0) = Q(0.5/0.58)."""
    codes = zero_codes(tmp_path, "cr_cim")
    p = q_function(0.5 / 0.58)
    assert abs(np.mean(codes > 0) - p) < 5.0 * math.sqrt(p / codes.size)


def zero_codes(folder: Path, name: str) -> np.ndarray:
    """ADC codes of 409600 conversions of sum 0."""
    operands = random_operands(name, 64, 100)
    operands["w"][:] = 0
    return preset_mac(folder, name, operands, "--conversions")["code"]


def test_jia_rounds_and_does_nothing_else(tmp_path: Path) -> None:
    operands = random_operands("jia_jssc_2020", 16, 8)
    out = preset_mac(tmp_path, "jia_jssc_2020", operands)
    planes = operands["w"][None, :, :] >> np.arange(4)[:, None, None] & 1
    cycles = operands["x"][None, :, :] >> np.arange(4)[:, None, None] & 1
    sums = np.einsum("imk,jbk->ijbm", planes, cycles)
    codes = np.rint(sums * 255 / 2304)  # half to even, as the ADC
    signs = np.array([1, 2, 4, -8])[:, None, None, None] * (2 ** np.arange(4))[:, None, None]
    expected = (signs * codes).sum((0, 1)) * (2304 / 255)
    assert np.allclose(out["y"], expected, rtol=1e-12, atol=0.0)
    assert not np.array_equal(out["y"], exact(operands))


def test_wang_converts_a_column_once(tmp_path: Path) -> None:
    operands = random_operands("wang_vlsi_2022", 16, 8)
    full = 64 * 255 * 127
    out = preset_mac(tmp_path, "wang_vlsi_2022", operands, "--conversions", "--set",
                     "macro.noise.random.sigma=0")
    assert out["code"].shape[-3:] == (1, 1, 1)
    assert np.allclose(out["y"], np.rint(exact(operands) / full * 127) / 127 * full, rtol=1e-12)


def test_sinangil_converts_a_column_to_four_bits(tmp_path: Path) -> None:
    operands = {"w": np.tile(np.arange(16)[:, None] - 8, (1, 64)),
                "x": np.tile(np.arange(16)[:, None], (1, 64))}
    full = 64 * 15 * 7
    out = preset_mac(tmp_path, "sinangil_jssc_2021", operands)
    codes = np.rint(np.clip(exact(operands) / full, -1, 1) * 7)
    assert len(np.unique(codes)) == 15  # -7 to 7: the lowest of 16 codes is not used
    assert np.allclose(out["y"], codes / 7 * full, rtol=1e-12)


def test_wang_keeps_its_published_error(tmp_path: Path) -> None:
    """Three sigma of the noise are 0.5 % of full scale; rounding to 1/127 adds its own rms."""
    operands = random_operands("wang_vlsi_2022", 64, 256)
    error = preset_mac(tmp_path, "wang_vlsi_2022", operands)["y"] - exact(operands)
    sigma = math.sqrt(0.00167 ** 2 + 1 / 127 ** 2 / 12)
    assert np.std(error) / (64 * 255 * 127) == pytest.approx(sigma, rel=0.05)


def test_mc2_ram_spread_is_static(tmp_path: Path) -> None:
    """An offset of 0.045 LSB rms moves E|o| = 0.0359 of the codes, and the same ones every time."""
    operands = random_operands("mc2_ram", 256, 64)
    out = preset_mac(tmp_path, "mc2_ram", operands, "--conversions", "--set", "repeats=2")
    assert np.array_equal(out["code"][0], out["code"][1])
    ideal = preset_mac(tmp_path, "mc2_ram", operands, "--conversions", "--set",
                       "macro.adc_errors.offset_lsb=0")
    moved = np.mean(out["code"][0] != ideal["code"][0])
    assert moved == pytest.approx(0.045 * math.sqrt(2.0 / math.pi), rel=0.15)


def test_kavishwar_level_and_mismatch(tmp_path: Path) -> None:
    """Sum 64 of 256: mismatch alone spreads columns by 0.0464 level (2.688 mV), the ADC's noise of
    0.5 mV by 0.186 level. 2000 columns know a sigma to 1.6 %."""
    weights = np.zeros((2000, 256), dtype=int)
    for row in weights:
        row[RNG.permutation(256)[:64]] = 1
    operands = {"w": weights, "x": np.ones((1, 256), dtype=int)}
    fine = ["--set", "macro.adc.bits=14"]
    cells = preset_mac(tmp_path, "kavishwar_28nm", operands, *fine, "--set",
                       "macro.noise.random.sigma=0")["y"]
    noise = preset_mac(tmp_path, "kavishwar_28nm", operands, *fine, "--set",
                       "macro.cell.mismatch_pct_sqrt_fF=0")["y"]
    assert np.std(cells) == pytest.approx(0.0464, rel=0.08)
    assert np.std(noise) == pytest.approx(0.5 / 2.688, rel=0.08)
    assert abs(np.mean(cells) - 64.0) < 0.01 and abs(np.mean(noise) - 64.0) < 0.03


@pytest.mark.parametrize(("name", "bound"), [("aidac_28nm", 0.79), ("yoco", 0.98)])
def test_aidac_keeps_its_published_bound(tmp_path: Path, name: str, bound: float) -> None:
    """Random operands over 1024 rows, % of full scale: sigma 0.206, |mean| + 3 sigma 0.73.
    2048 outputs, each with converters of its own, know sigma to 1.6 %."""
    operands = random_operands(name, 2048, 4)
    error = (preset_mac(tmp_path, name, operands)["y"] - exact(operands)) / (1024 * 256 * 255) * 100
    assert np.std(error) == pytest.approx(0.206, rel=0.08)
    assert abs(np.mean(error)) + 3.0 * np.std(error) < bound
