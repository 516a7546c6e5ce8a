# SPDX-License-Identifier: Apache-2.0
"""`acimsweep mac` on measured chips: every term of the file at its place, against the expressions
of docs/chip.md in numpy."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from mac_cases import mac, run, write_macro, write_operands
from mac_model import cycles, decode, drives, planes, row_groups
from sweep_cases import SMALL, assert_fails, finished, needs_data, sweep, trials

ROWS, GROUPS, COLUMNS, PER_ADC, BITS = 20, 2, 12, 3, 7
ADCS = COLUMNS // PER_ADC
W, X, E = 4, 4, 2
CHIPS, ARRAYS = 2, 3
V_REF, C_UNIT = 0.8, 2.0  # V, fF
OUT, DEPTH, BATCH = 7, 70, 5
MACRO = {"rows": ROWS, "mapping": "dense", "bits_per_cycle": E, "adc": {"bits": BITS},
         "v_ref": V_REF, "cell": {"c_unit_fF": C_UNIT},
         "array": {"columns": COLUMNS, "row_groups": GROUPS, "columns_per_adc": PER_ADC}}


def chip_file(path: Path) -> dict[str, np.ndarray]:
    """Every dataset, with more rows and columns than the array; some without leading axes."""
    rng = np.random.default_rng(4)
    rows, columns = GROUPS * ROWS + 3, COLUMNS + 2
    edges = 2**BITS - 1
    data = {
        "cell_mismatch": rng.normal(0, 0.03, (CHIPS, ARRAYS, rows, columns)),
        "adc_offset_lsb": rng.normal(0, 1.5, (CHIPS, ARRAYS, ADCS)),
        "adc_gain_pct": rng.normal(0, 2, (ARRAYS, ADCS)),
        "adc_inl_lsb": rng.normal(0, 0.4, (CHIPS, 1, ADCS, edges)),
        "input_dac_inl_lsb": rng.normal(0, 0.3, rows),
        "injection_mV": rng.normal(0, 6, (CHIPS, ARRAYS, columns)),
        "c_par_fF": rng.uniform(2, 9, (ARRAYS, columns)),
    }
    with h5py.File(path, "w") as out:
        for name, values in data.items():
            out[name] = values
    return data


def held(values: np.ndarray) -> np.ndarray:
    """Values in steps of 1/127 of the largest."""
    step = np.abs(values).max() / 127
    return np.rint(values / step) * step


def operands() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(9)
    return {"x": rng.integers(0, 2**X, (BATCH, DEPTH)),
            "w": rng.integers(-2**(W - 1), 2**(W - 1), (OUT, DEPTH))}


def expected(data: dict[str, np.ndarray], ops: dict[str, np.ndarray], chip: int
             ) -> tuple[np.ndarray, np.ndarray]:
    """Codes [batch, output, group, plane, cycle] of a noise-free chip, and the least distance of a
    position from an edge."""
    data = {name: np.asarray(v)[(None,) * (n - np.ndim(v))] if np.ndim(v) < n else v
            for (name, v), n in zip(data.items(), (4, 3, 3, 4, 3, 3, 3), strict=True)}
    cell, dac = held(data["cell_mismatch"]), held(data["input_dac_inl_lsb"])
    r_mean = data["c_par_fF"].mean() / (ROWS * C_UNIT)
    parts = cycles(X, E)
    x = row_groups(drives(ops["x"], parts), ROWS).astype(float)  # [b, g, row, j]
    w = row_groups(planes(ops["w"], W), ROWS)  # [m, g, row, i]
    top = 2**E - 1
    bow = 4 * (x / top) * (1 - x / top)
    per_array = COLUMNS // W
    codes = np.zeros((BATCH, OUT, x.shape[1], W, len(parts)), dtype=int)
    nearest = np.inf

    def at(values: np.ndarray, array: int) -> np.ndarray:
        return values[chip % values.shape[0], array % values.shape[1]]

    for g in range(x.shape[1]):
        row = g % GROUPS * ROWS
        for m in range(OUT):
            array = g // GROUPS * -(-OUT // per_array) + m // per_array
            peak = at(dac, array)[row:row + ROWS]
            # The error of a DAC is an integer in 2^-12 LSB.
            error = np.rint(4096 * peak[None, :, None] * bow[:, g]) / 4096
            for i in range(W):
                column = m % per_array * W + i
                adc = column // PER_ADC
                d = at(cell, array)[row:row + ROWS, column]
                s = np.einsum("r,brj->bj", w[m, g, :, i] * (1 + d), x[:, g])
                s = s + np.einsum("r,brj->bj", w[m, g, :, i], error)
                c_par = at(data["c_par_fF"], array)[column] / C_UNIT
                v = (1 + r_mean) * s * ROWS / ((ROWS + d.sum() + c_par) * ROWS * top)
                v = v + at(data["injection_mV"], array)[column] * 1e-3 * (1 + r_mean) / V_REF
                gain = at(data["adc_gain_pct"], array)[adc] / 100
                place = v * (1 + gain) * (2**BITS - 1) + at(data["adc_offset_lsb"], array)[adc]
                inl = at(data["adc_inl_lsb"], array)[adc]
                edge = np.sort(np.arange(2**BITS - 1) + 0.5 + inl)
                codes[:, m, g, i] = np.searchsorted(edge, place)
                nearest = min(nearest, np.abs(place[..., None] - edge).min())
    return codes, nearest


def settings(file: str, **more: object) -> dict:
    return {"weight_bits": W, "activation_bits": X, "macro": MACRO | {"chip_file": file}} | more


@pytest.mark.parametrize("path", ["auto", "fixed"])
def test_every_term_at_its_place(path: str, tmp_path: Path) -> None:
    """Noise-free and without a seed. No position of these operands comes so close to an edge that
    its rounding to 2^-16 LSB could matter."""
    data, ops = chip_file(tmp_path / "chips.h5"), operands()
    out = mac(tmp_path, ops, settings("chips.h5", chips=3, path=path), "--conversions")
    code = out["code"].reshape(3, BATCH, OUT, -1, W, len(cycles(X, E)))
    for chip in range(3):
        want, nearest = expected(data, ops, chip)
        assert nearest > 2**-16
        assert np.array_equal(code[chip], want)
        y = decode(want, W, cycles(X, E), ROWS, BITS)
        assert np.allclose(out["y"][chip], y, rtol=1e-12, atol=1e-9)
    assert np.array_equal(code[0], code[2]) and not np.array_equal(code[0], code[1])
    fast = mac(tmp_path, ops, settings("chips.h5", chips=3, path=path))
    assert np.array_equal(fast["A"], out["A"])


def test_bit_serial_chips_with_noise_are_the_same_in_both_kernels(tmp_path: Path) -> None:
    """The loops for many outputs at a time and the reference kernel give equal integers."""
    chip_file(tmp_path / "chips.h5")
    macro = MACRO | {"bits_per_cycle": 1, "chip_file": str(tmp_path / "chips.h5"),
                     "noise": {"random": {"sigma": 0.4}},
                     "cell": MACRO["cell"] | {"temperature_K": 300}}
    some = {"weight_bits": W, "activation_bits": X, "seed": 3, "chips": 2, "repeats": 2,
            "macro": macro}
    one = mac(tmp_path, operands(), some)
    two = mac(tmp_path, operands(), some, "--conversions")
    assert np.array_equal(one["A"], two["A"]) and np.array_equal(one["D"], two["D"])
    assert not np.array_equal(one["A"][0], one["A"][1])


def test_a_file_that_does_not_cover_the_array(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "chips.h5", "w") as out:
        out["adc_offset_lsb"] = np.zeros(ADCS - 1)
    macro = write_macro(tmp_path / "m.yaml", settings("chips.h5"))
    data = write_operands(tmp_path / "in.h5", operands())
    result = run("mac", data, "--macro", macro, "-o", tmp_path / "out.h5")
    assert result.returncode == 2
    assert (f"m.yaml: macro.chip_file chips.h5: its dataset adc_offset_lsb has {ADCS - 1} ADCs, but "
            f"an array of this layer has {ADCS}; measure more") in result.stderr
    assert not (tmp_path / "out.h5").exists()


@needs_data
def test_chips_of_a_sweep_are_those_of_the_file(tmp_path: Path) -> None:
    """Two chips of a real network, whatever the seed; a third is not there."""
    rng = np.random.default_rng(2)
    with h5py.File(tmp_path / "chips.h5", "w") as out:
        out["adc_offset_lsb"] = rng.normal(0, 4, (2, 1, 256))
        out["cell_mismatch"] = rng.normal(0, 0.05, (2, 2, 255, 256))
    keys = SMALL | {"trials.chips": 2, "trials.repeats": 1, "workload.images": 200,
                    "macro.chip_file": str(tmp_path / "chips.h5"), "macro.array.columns": 256}
    del keys["grid.macro.adc.bits"], keys["grid.macro.noise.random.sigma"]
    keys |= {"grid": {}, "macro.adc.bits": 8}
    tables = [trials(finished(tmp_path / f"seed{seed}", keys | {"seed": seed}))
              for seed in (1, 2)]
    for table in tables:
        assert table["chip"].tolist() == [0, 1]
        assert not np.array_equal(table["bits"][0], table["bits"][1])
    assert np.array_equal(tables[0]["bits"], tables[1]["bits"])
    assert_fails(sweep(tmp_path / "more", keys | {"trials.chips": 3}), 2, "trials.chips", "3",
                 "chips.h5", "2 chips")
