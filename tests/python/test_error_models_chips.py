# SPDX-License-Identifier: Apache-2.0
"""What belongs to a chip and what to a trial, and where on the chip it lies: reruns, threads,
chips, repeats, shared ADCs, arrays that are used again. Seeds are fixed; odds are stated for random
ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mac_cases import mac, run, write_macro, write_operands
from mac_model import single

TOP = 2**14 - 1
ROWS = 16
CELL = {"c_unit_fF": 1.0, "mismatch_pct_sqrt_fF": 3.0}
EVERYTHING = {
    "rows": 30, "adc": {"bits": 6}, "v_ref": 0.9, "mapping": "dense", "bits_per_cycle": 2,
    "noise": {"random": {"sigma": 0.4, "unit": "lsb"}, "nonlinear": {"sigma": 0.1}},
    "array": {"columns": 32, "row_groups": 2, "columns_per_adc": 4},
    "cell": {"c_unit_fF": 2.0, "mismatch_pct_sqrt_fF": 2.0, "c_par_ratio": 0.1,
             "c_par_variation_pct": 2, "leakage_pA": 10, "hold_ns": 15, "temperature_K": 300},
    "switch": {"injection_offset_mV": 0.5, "injection_offset_variation_mV": 0.3,
               "injection_gain": 0.001, "settling_error": 0.01, "reset": False},
    "input_dac": {"inl_lsb": 0.1},
    "adc_errors": {"offset_lsb": 0.5, "gain_pct": 0.3, "dnl_lsb": 0.1, "comparator_lsb": 0.2},
}


def operands(seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"x": rng.integers(0, 16, (5, 70)), "w": rng.integers(-8, 8, (20, 70))}


def settings(macro: dict, **more: object) -> dict:
    return {"weight_bits": 4, "activation_bits": 4, "seed": 8, "macro": macro} | more


@pytest.mark.parametrize("path", ["auto", "fixed"])
def test_threads_and_reruns_give_equal_files(path: str, tmp_path: Path) -> None:
    macro = write_macro(tmp_path / "m.yaml", settings(EVERYTHING, path=path, chips=3, repeats=2))
    data = write_operands(tmp_path / "in.h5", operands())
    files = []
    for name, threads in (("a", 1), ("b", 2), ("c", 2), ("d", 7)):
        result = run("mac", data, "--macro", macro, "-o", tmp_path / name, "--threads", threads)
        assert result.returncode == 0, result.stderr
        files.append((tmp_path / name).read_bytes())
    assert files.count(files[0]) == 4


def test_more_chips_and_repeats_keep_the_first_ones(tmp_path: Path) -> None:
    """[chip, repeat, ...]: chips 0 and 1, repeats 0 and 1 are the same in every run of any size; an
    axis of length one is left out."""
    many = mac(tmp_path, operands(), settings(EVERYTHING, chips=3, repeats=4))["y"]
    few = mac(tmp_path, operands(), settings(EVERYTHING, chips=2, repeats=2))["y"]
    assert many.shape == (3, 4, 5, 20) and np.array_equal(few, many[:2, :2])
    chips = mac(tmp_path, operands(), settings(EVERYTHING, chips=3))["y"]
    assert np.array_equal(chips, many[:, 0])
    repeats = mac(tmp_path, operands(), settings(EVERYTHING, repeats=4))["y"]
    assert np.array_equal(repeats, many[0])
    one = mac(tmp_path, operands(), settings(EVERYTHING))["y"]
    assert np.array_equal(one, many[0, 0])


def test_conversions_give_the_same_numbers(tmp_path: Path) -> None:
    one = mac(tmp_path, operands(), settings(EVERYTHING, chips=2))
    two = mac(tmp_path, operands(), settings(EVERYTHING, chips=2), "--conversions")
    assert np.array_equal(one["y"], two["y"]) and np.array_equal(one["A"], two["A"])


@pytest.mark.parametrize("term", [
    {"cell": CELL}, {"adc_errors": {"offset_lsb": 50.0}}, {"adc_errors": {"gain_pct": 1.0}},
    {"adc_errors": {"dnl_lsb": 2.0}}, {"switch": {"injection_offset_variation_mV": 4.0}},
    {"cell": {"c_unit_fF": 1.0, "c_par_ratio": 0.5, "c_par_variation_pct": 5.0}},
    {"current_domain": {"variation_pct": 3.0}}])
def test_static_terms_are_of_the_chip(term: dict, tmp_path: Path) -> None:
    """Alike in all repeats, other in every chip, in every column and for every seed. Chips are
    independent: 256 columns, correlation below 5/16."""
    macro = {"rows": ROWS, "adc": {"bits": 14}, "v_ref": 0.8, **term}
    codes = single(tmp_path, [9], macro, 256, (3, 2))[:, :, 0]
    assert np.array_equal(codes[:, 0], codes[:, 1])
    chips = codes[:, 0].astype(float)
    assert np.all(np.abs(np.corrcoef(chips)[np.triu_indices(3, 1)]) < 5 / 16)
    assert all(np.unique(chip).size > 20 for chip in chips)
    other = single(tmp_path, [9], macro, 256, seed=6)[0, 0, 0]
    assert abs(np.corrcoef(chips[0], other)[0, 1]) < 5 / 16


def test_chips_and_repeats_have_noise_of_their_own(tmp_path: Path) -> None:
    """Errors of six trials at 2000 places: correlations below 5/sqrt(2000), 6e-7 each."""
    macro = {"rows": ROWS, "adc": {"bits": 10}, "noise": {"random": {"sigma": 4.0, "unit": "lsb"}}}
    codes = single(tmp_path, [5, 8], macro, 1000, (3, 2)).reshape(6, 2, 1000)
    error = (codes - codes.mean(axis=(0, 2), keepdims=True)).reshape(6, 2000)
    assert np.all(np.abs(np.corrcoef(error)[np.triu_indices(6, 1)]) < 5 / np.sqrt(2000))


def test_terms_of_one_place_are_independent(tmp_path: Path) -> None:
    """Offset, gain, cells and injection of a column come from sources of their own: each seen in a
    run of its own with the same seed, correlations of 256 columns below 5/16."""
    terms = [{"cell": CELL}, {"adc_errors": {"offset_lsb": 50.0}},
             {"adc_errors": {"gain_pct": 1.0}},
             {"switch": {"injection_offset_variation_mV": 4.0}},
             {"cell": {"c_unit_fF": 1.0, "c_par_ratio": 0.5, "c_par_variation_pct": 5.0}}]
    codes = [single(tmp_path, [9], {"rows": ROWS, "adc": {"bits": 14}, "v_ref": 0.8, **term},
                    256)[0, 0, 0] for term in terms]
    assert np.all(np.abs(np.corrcoef(codes)[np.triu_indices(len(terms), 1)]) < 5 / 16)


def test_repeats_of_a_chip_differ_by_fresh_noise_only(tmp_path: Path) -> None:
    """Offset of 60 LSB, noise of 3 LSB: within a chip sigma is 3 LSB, between chips 60 LSB. 64
    columns of 20 chips, 40 repeats: 2 % and 8 % are each 5 standard errors and more."""
    macro = {"rows": ROWS, "adc": {"bits": 14}, "adc_errors": {"offset_lsb": 60.0},
             "noise": {"random": {"sigma": 3.0, "unit": "lsb"}}}
    codes = single(tmp_path, [8], macro, 64, (20, 40))[:, :, 0].astype(float)
    within = np.sqrt(codes.var(axis=1, ddof=1).mean() - 1 / 12)
    assert within == pytest.approx(3.0, rel=0.02)
    assert codes.mean(axis=1).std() == pytest.approx(60.0, rel=0.12)
    fresh = codes - codes.mean(axis=1, keepdims=True)
    flat = fresh.transpose(0, 2, 1).reshape(-1, 40)
    neighbours = (flat[:-1] * flat[1:]).mean() / flat.var()
    assert abs(neighbours) < 5 / np.sqrt(flat.size)


@pytest.mark.parametrize("columns_per_adc", [1, 2, 4, 8])
def test_columns_share_an_adc(columns_per_adc: int, tmp_path: Path) -> None:
    """Offsets are equal within, and unequal between, runs of neighbouring columns; an output of
    4 bits owns the columns 4o .. 4o + 3."""
    x, w = np.ones((1, ROWS), dtype=int), np.zeros((6, ROWS), dtype=int)
    w[:, :8] = -1  # all four planes hold eight ones
    macro = {"rows": ROWS, "adc": {"bits": 14}, "adc_errors": {"offset_lsb": 1500.0},
             "array": {"columns_per_adc": columns_per_adc}}
    out = mac(tmp_path, {"x": x, "w": w}, {"weight_bits": 4, "activation_bits": 1, "seed": 2,
                                           "macro": macro}, "--conversions")
    columns = out["code"].reshape(24 // columns_per_adc, columns_per_adc)
    assert np.all(np.ptp(columns, axis=1) == 0)
    assert np.unique(columns[:, 0]).size >= 0.8 * columns.shape[0]  # two may have the same code


def array_codes(folder: Path, term: dict, array: dict, outputs: int = 12,
                groups: int = 4) -> np.ndarray:
    """Codes [group, output] of one-bit weights; every group drives its first 8 rows."""
    x = np.tile((np.arange(ROWS) < 8).astype(int), groups)[None]
    out = mac(folder, {"x": x, "w": np.ones((outputs, ROWS * groups), dtype=int)}, {
        "weight_bits": 1, "activation_bits": 1, "seed": 2,
        "macro": {"rows": ROWS, "mapping": "dense", "adc": {"bits": 14}, "array": array, **term}},
        "--conversions")
    return out["code"][0, 0, :, :, 0, 0, 0].T


TERMS = [{"cell": CELL}, {"adc_errors": {"offset_lsb": 80.0}}, {"adc_errors": {"gain_pct": 2.0}},
         {"v_ref": 0.8, "switch": {"injection_offset_variation_mV": 4.0}},
         {"cell": {"c_unit_fF": 1.0, "c_par_ratio": 0.5, "c_par_variation_pct": 5.0}}]


@pytest.mark.parametrize("term", TERMS)
def test_every_tile_has_its_array(term: dict, tmp_path: Path) -> None:
    """Count 0: no two places of 4 row groups and 12 outputs are the same."""
    codes = array_codes(tmp_path, term, {"columns": 5})
    assert np.unique(codes).size > 40


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize(("columns", "count"), [(4, 1), (4, 2), (5, 2), (12, 3), (5, 5)])
def test_arrays_are_used_again(columns: int, count: int, term: dict, tmp_path: Path) -> None:
    """Tile g*ceil(12/Q) + o div Q lies in array T mod n, at column o mod Q."""
    codes = array_codes(tmp_path, term, {"columns": columns, "count": count})
    tiles = -(-12 // columns)
    place: dict[tuple[int, int], int] = {}
    for g in range(4):
        for o in range(12):
            key = ((g * tiles + o // columns) % count, o % columns)
            assert place.setdefault(key, int(codes[g, o])) == codes[g, o], (g, o)
    assert np.unique(list(place.values())).size > 0.8 * len(place)


def test_row_groups_of_an_array_share_its_adcs(tmp_path: Path) -> None:
    """Groups 0, 1 and 2, 3 are stacked: their offsets are the same, their cells are not."""
    array = {"columns": 12, "row_groups": 2}
    offsets = array_codes(tmp_path, {"adc_errors": {"offset_lsb": 80.0}}, array)
    assert np.array_equal(offsets[0], offsets[1]) and np.array_equal(offsets[2], offsets[3])
    assert not np.array_equal(offsets[0], offsets[2])
    cells = array_codes(tmp_path, {"cell": CELL}, array)
    for one in range(4):
        for two in range(one):
            assert abs(np.corrcoef(cells[one], cells[two])[0, 1]) < 0.99


def test_adc_sharing_leaves_cells_alone(tmp_path: Path) -> None:
    one = array_codes(tmp_path, {"cell": CELL}, {"columns_per_adc": 1})
    assert np.array_equal(one, array_codes(tmp_path, {"cell": CELL}, {"columns_per_adc": 4}))


@pytest.mark.parametrize("path", ["auto", "fixed"])
def test_the_kind_of_product_does_not_matter(path: str, tmp_path: Path) -> None:
    """A 1x1 convolution of single pixels is the linear layer: same places, same draws, same bits.
    In a query-key product the queries are the weights; their static errors are the same."""
    data = operands()
    linear = mac(tmp_path, data, settings(EVERYTHING, chips=2, repeats=2, path=path))["y"]
    pixels = {name: values[:, :, None, None] for name, values in data.items()}
    conv = mac(tmp_path, pixels, settings(EVERYTHING, chips=2, repeats=2, path=path))["y"]
    assert np.array_equal(conv[..., 0, 0], linear)
    quiet = {name: block for name, block in EVERYTHING.items() if name != "noise"}
    quiet["adc_errors"] = {"offset_lsb": 0.5, "gain_pct": 0.3, "dnl_lsb": 0.1}
    quiet["cell"] = EVERYTHING["cell"] | {"temperature_K": 0}
    linear = mac(tmp_path, data, settings(quiet, chips=2, path=path))["y"]
    attention = mac(tmp_path, {"q": data["w"], "k": data["x"]}, settings(quiet, chips=2, path=path),
                    signed_activations=0)["y"]
    assert np.array_equal(attention.swapaxes(-1, -2), linear)


def test_paths_agree_on_a_noisy_chip(tmp_path: Path) -> None:
    """Chip 0 over 1000 repeats on the path of its own and on the reference: 100 outputs, means to 5
    standard errors of the difference (6e-7 each), spreads to 20 % (over 6 standard errors)."""
    auto = mac(tmp_path, operands(), settings(EVERYTHING, repeats=1000))
    fixed = mac(tmp_path, operands(), settings(EVERYTHING, repeats=1000, path="fixed"))
    assert fixed["@path"] == "fixed"
    spread = fixed["y"].std(axis=0)
    assert np.all(np.abs(auto["y"].mean(axis=0) - fixed["y"].mean(axis=0))
                  <= 5 * spread * np.sqrt(2 / 1000))
    assert np.all(np.abs(auto["y"].std(axis=0) / spread - 1) <= 0.2)


def test_images_and_pixels_see_one_chip(tmp_path: Path) -> None:
    """A convolution of equal pixels: all positions and images give one number per channel."""
    data = {"x": np.full((3, 2, 5, 6), 9),
            "w": np.random.default_rng(1).integers(-8, 8, (4, 2, 3, 3))}
    macro = {"rows": 18, "adc": {"bits": 14}, "cell": CELL, "adc_errors": {"offset_lsb": 30.0}}
    y = mac(tmp_path, data, settings(macro))["y"]
    assert np.all(np.ptp(y, axis=(0, 2, 3)) == 0.0)
    assert np.any(y[0, :, 0, 0] != 9 * data["w"].sum(axis=(1, 2, 3)))
