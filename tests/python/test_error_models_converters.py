# SPDX-License-Identifier: Apache-2.0
"""Input DAC and ADC terms against their formulas: INL of row drivers, offset, gain, DNL walk,
comparator, measured edges, measured distributions. Seeds are fixed; odds are stated for random
ones."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from mac_cases import mac
from mac_model import code_law, cycles, drives, single, upper_tail

TOP = 2**14 - 1
ROWS = 16
COUNTS = list(range(ROWS + 1))


def macro(**blocks: object) -> dict:
    return {"rows": ROWS, "adc": {"bits": 14}, **blocks}


@pytest.mark.parametrize("signed", [False, True])
def test_input_table(signed: bool, tmp_path: Path) -> None:
    """A row that is driven with code u counts u + inl[u]; the one-bit sign cycle is not concerned.
    The INL is given in 1/64 LSB, which the program's own steps of 1/4096 LSB hold exactly."""
    inl = [0.0, 20 / 64, -13 / 64, 26 / 64, 6 / 64, -0.5, 0.25, -7 / 64]
    rng = np.random.default_rng(1)
    bits = 4 if signed else 3
    low = -8 if signed else 0
    x, w = rng.integers(low, low + 2**bits, (8, ROWS)), rng.integers(0, 2, (6, ROWS))
    out = mac(tmp_path, {"x": x, "w": w}, {
        "weight_bits": 1, "activation_bits": bits,
        "macro": macro(bits_per_cycle=3, input_dac={"table": inl})}, "--conversions",
        signed_activations=int(signed))
    driven = drives(x, cycles(bits, 3, signed))
    real = (driven[..., 0] + np.array(inl)[driven[..., 0]]) @ w.T
    codes = out["code"][0, :, :, 0, 0, :, 0]
    position = np.clip(real / (7 * ROWS), 0, 1) * TOP
    assert np.abs(codes[..., 0] - position).max() <= 0.501
    if signed:
        assert np.abs(codes[..., 1] - driven[..., 1] @ w.T / ROWS * TOP).max() <= 0.501


def test_input_parabola(tmp_path: Path) -> None:
    """4 INL u (1 - u) with a peak of sigma 0.5 LSB of the DAC, one draw per row and chip. 6400 row
    drivers know a sigma to 0.9 %; 5 % allowed. Driven at 20 of 16*15 counts, so nothing clips."""
    x = np.zeros((4, ROWS), dtype=int)
    x[:, 0], x[:, 1:4] = [0, 5, 10, 15], 15
    data = {"x": x, "w": np.ones((300, ROWS), dtype=int)}
    settings = {"weight_bits": 1, "activation_bits": 4, "seed": 3, "chips": 400,
                "macro": macro(bits_per_cycle=4, input_dac={"inl_lsb": 0.5},
                               array={"columns": 20})}
    counts = mac(tmp_path, data, settings)["y"].reshape(400, 4, 15, 20)
    error = counts - np.array([45, 50, 55, 60])[:, None, None]
    assert np.abs(error[:, [0, 3]]).max() <= 0.01  # no error at the ends of the range
    assert np.ptp(error, axis=-1).max() == 0.0  # all columns of an array see one driver
    peak = error[:, 1:3, :, 0] / (4 * (1 / 3) * (2 / 3))
    assert peak[:, 0].std() == pytest.approx(0.5, rel=0.05)
    assert np.abs(peak[:, 0] - peak[:, 1]).max() <= 0.03
    assert abs(peak.mean()) < 5 * 0.5 / np.sqrt(6000)
    assert abs(np.corrcoef(peak[:, 0, 0], peak[:, 0, 1])[0, 1]) < 5 / 20  # arrays have their own


def test_arrays_that_are_used_again_have_the_same_drivers(tmp_path: Path) -> None:
    x = np.full((1, ROWS), 5)
    counts = mac(tmp_path, {"x": x, "w": np.ones((60, ROWS), dtype=int)}, {
        "weight_bits": 1, "activation_bits": 4, "seed": 3,
        "macro": macro(bits_per_cycle=4, input_dac={"inl_lsb": 0.5},
                       array={"columns": 20, "count": 2})})["y"].reshape(3, 20)
    assert np.ptp(counts[[0, 2]]) == 0.0 and counts[0, 0] != counts[1, 0]


def test_bit_serial_inputs_have_no_inl(tmp_path: Path) -> None:
    base = macro(noise={"random": {"sigma": 2.0, "unit": "lsb"}})
    one = single(tmp_path, COUNTS, base, 4)
    two = single(tmp_path, COUNTS, base | {"input_dac": {"inl_lsb": 3.0}}, 4)
    assert np.array_equal(one, two)


def test_offset_and_gain_are_a_line(tmp_path: Path) -> None:
    """v (1 + g) + o: codes of one ADC lie within half a code of a line."""
    blocks = macro(adc_errors={"offset_lsb": 60.0, "gain_pct": 0.5})
    counts = np.arange(3, 13)
    codes = single(tmp_path, counts.tolist(), blocks, 64)[0, 0]
    fit = np.polyfit(counts, codes, 1)
    assert np.abs(codes - np.outer(counts, fit[0]) - fit[1]).max() <= 1.0
    assert np.ptp(fit[0]) > 0.01 * TOP / ROWS


@pytest.mark.parametrize(("offset", "gain"), [(40.0, 0.0), (0.0, 0.4), (30.0, 0.3)])
def test_spread_of_offset_and_gain(offset: float, gain: float, tmp_path: Path) -> None:
    """sigma^2 = offset^2 + (gain v)^2 over 12800 ADCs, known to 0.6 %: 4 % is 6 standard errors."""
    blocks = macro(adc_errors={"offset_lsb": offset, "gain_pct": gain})
    codes = single(tmp_path, [4, 12], blocks, 64, (200, 1))[:, 0]
    for index, count in enumerate([4, 12]):
        position = count / ROWS * TOP
        sigma = np.hypot(offset, gain / 100 * position)
        assert codes[:, index].std() == pytest.approx(sigma, rel=0.04)
        assert abs(codes[:, index].mean() - position) < 5 * sigma / np.sqrt(12800) + 0.5


def test_gain_acts_before_the_window(tmp_path: Path) -> None:
    """With range [0.5, 1], the gain multiplies v, not v - lo: at v = 0.5625 the spread is
    0.01*0.5625*2 of the window. 12800 ADCs."""
    blocks = {"rows": ROWS, "adc": {"bits": 12, "range": [0.5, 1.0]},
              "adc_errors": {"gain_pct": 1.0}}
    codes = single(tmp_path, [10], blocks, 64, (200, 1))
    position = (10 / ROWS - 0.5) * 2 * 4095
    sigma = 0.01 * (10 / ROWS) * 2 * 4095
    assert codes.std() == pytest.approx(sigma, rel=0.04)
    assert abs(codes.mean() - position) < 5 * sigma / np.sqrt(12800) + 0.5


def walk_edges(folder: Path, sigma: float, chips: int) -> np.ndarray:
    """Edges [LSB] of the 15 steps of 4-bit ADCs [ADC, 15], each found to 1/68 LSB."""
    rows = 1020
    codes = single(folder, range(rows + 1), {"rows": rows, "adc": {"bits": 4},
                                             "adc_errors": {"dnl_lsb": sigma}}, 64, (chips, 1))
    codes = codes[:, 0].transpose(0, 2, 1).reshape(chips * 64, rows + 1)
    assert np.all(np.diff(codes, axis=1) >= 0)
    edges = np.stack([(codes < c).sum(axis=1) for c in range(1, 16)], axis=1)
    return (edges - 0.5) / rows * 15


def test_walk_of_edges(tmp_path: Path) -> None:
    """Edge c = c - 1/2 + random walk minus its chord from the first edge to the last: no mean,
    widths of sigma, the variance (c - 1)(15 - c)/14 of a bridge. 1024 ADCs know a variance to 4.4
    %; 25 % is over 5 of these. What the scan resolves adds 1/(12*68^2) LSB^2."""
    sigma = 0.12
    deviation = walk_edges(tmp_path, sigma, 16) - (np.arange(1, 16) - 0.5)
    assert np.all(np.abs(deviation.mean(axis=0)) <= 5 * 2 * sigma / 32 + 0.01)
    c = np.arange(1, 16)
    bridge = sigma**2 * (c - 1) * (15 - c) / 14
    assert np.abs(deviation[:, [0, -1]]).max() <= 1 / 68
    assert np.all(np.abs(deviation.var(axis=0)[1:-1] / bridge[1:-1] - 1.0) <= 0.25)
    widths = np.diff(deviation, axis=1)
    assert widths.std() == pytest.approx(sigma * np.sqrt(13 / 14), rel=0.04)


def test_wild_walk_stays_sorted(tmp_path: Path) -> None:
    """With a DNL of 1.5 LSB edges cross; sorted ones still give codes that rise with the sum."""
    edges = walk_edges(tmp_path, 1.5, 2)
    assert np.all(np.diff(edges, axis=1) >= 0)


@pytest.mark.parametrize("path", ["table", "fixed"])
def test_comparator(path: str, tmp_path: Path) -> None:
    """Noise of 0.4 LSB beside 0.3 LSB is 0.5 LSB: P(code > 0 at sum 0) = Q(1). 160000
    conversions."""
    blocks = {"rows": 15, "adc": {"bits": 4}, "adc_errors": {"comparator_lsb": 0.4},
              "noise": {"random": {"sigma": 0.3, "unit": "lsb"}}}
    codes = single(tmp_path, [0, 7], blocks, 400, (1, 400), path=path)[0]
    for index, count in enumerate([0, 7]):
        law = code_law(float(count), 0.5, 15)
        seen = np.bincount(codes[:, index].ravel(), minlength=16) / 160000
        assert np.all(np.abs(seen - law) <= 5.5 * np.sqrt(law / 160000) + 2e-5)
    assert abs((codes[:, 0] > 0).mean() - upper_tail(1.0)) < 0.005


def edge_file(path: Path, tables: np.ndarray) -> str:
    """Measured INL [adcs, edges] as CSV."""
    header = "edge,inl_lsb" if len(tables) == 1 else "edge," + ",".join(
        f"adc{n}" for n in range(len(tables)))
    lines = [f"{c + 1}," + ",".join(repr(float(t[c])) for t in tables)
             for c in range(tables.shape[1])]
    path.write_text("\n".join(["# measured", header, *lines]) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("kind", ["csv", "h5"])
def test_measured_edges(kind: str, tmp_path: Path) -> None:
    """A code is the number of edges below the position; ADC n has table n mod 3."""
    inl = np.random.default_rng(2).normal(0.0, 0.3, (3, 15))
    edges = np.sort(np.arange(1, 16) - 0.5 + inl, axis=1)
    table = edge_file(tmp_path / "edges.csv", inl)
    if kind == "h5":
        table = str(tmp_path / "edges.h5")
        with h5py.File(table, "w") as file:
            file["inl_lsb"] = inl
    blocks = {"rows": 64, "adc": {"bits": 4}, "adc_errors": {"table": table},
              "array": {"columns": 12, "columns_per_adc": 2}}
    codes = single(tmp_path, range(65), blocks, 12)[0, 0]
    position = np.arange(65) / 64 * 15
    for column in range(12):
        expected = (edges[(column // 2) % 3] < position[:, None]).sum(axis=1)
        assert np.array_equal(codes[:, column], expected)


def test_measured_edges_and_offset(tmp_path: Path) -> None:
    """Offset and gain act before the edges: the pattern shifts with each ADC."""
    inl = np.array([[0.3] * 15])
    blocks = macro(adc={"bits": 4}, adc_errors={"table": edge_file(tmp_path / "e.csv", inl)})
    codes = single(tmp_path, COUNTS, blocks, 2)[0, 0]
    position = np.arange(17) / 16 * 15
    assert np.array_equal(codes[:, 0], np.maximum(0, np.ceil(position - 0.3 - 0.5)).astype(int))


def test_noise_meets_measured_edges(tmp_path: Path) -> None:
    """P(code >= c) = Q((edge - position)/sigma) with moved edges. 40000 conversions."""
    inl = np.array([[0.4, -0.3, 0.2, 0.0, -0.4, 0.3, 0.1] + [0.0] * 8])
    blocks = {"rows": 15, "adc": {"bits": 4}, "noise": {"random": {"sigma": 0.6, "unit": "lsb"}},
              "adc_errors": {"table": edge_file(tmp_path / "e.csv", inl)}}
    codes = single(tmp_path, [3], blocks, 200, (1, 200)).ravel()
    edges = np.arange(1, 16) - 0.5 + inl[0]
    p = upper_tail((edges - 3.0) / 0.6)
    seen = np.array([(codes >= c).mean() for c in range(1, 16)])
    assert np.all(np.abs(seen - p) <= 5.5 * np.sqrt(p * (1 - p) / 40000) + 5e-5)


def error_file(path: Path, rows: list[tuple[float, float, float]]) -> str:
    lines = [",".join(map(repr, row)) for row in rows]
    path.write_text("\n".join(["sum,mean_lsb,sigma_lsb", *lines]) + "\n", encoding="utf-8")
    return str(path)


MEASURED = [(0, 30.0, 10.0), (8, -20.0, 40.0), (16, -50.0, 20.0)]


@pytest.mark.parametrize("kind", ["csv", "h5"])
def test_measured_errors_fresh(kind: str, tmp_path: Path) -> None:
    """Mean and sigma in between are linear in the sum. 40000 conversions: mean to 5 standard
    errors, sigma to 2 % (over 5 of its 0.35 %)."""
    table = error_file(tmp_path / "m.csv", MEASURED)
    if kind == "h5":
        table = str(tmp_path / "m.h5")
        with h5py.File(table, "w") as file:
            for name, values in zip(("sum", "mean_lsb", "sigma_lsb"), zip(*MEASURED), strict=True):
                file[name] = np.array(values, dtype=float)
    counts = [4, 8, 10]
    codes = single(tmp_path, counts, macro(measured={"file": table}), 200, (1, 200))[0]
    for index, count in enumerate(counts):
        mean = np.interp(count, [0, 8, 16], [30, -20, -50]) + count / ROWS * TOP
        sigma = np.interp(count, [0, 8, 16], [10, 40, 20])
        assert abs(codes[:, index].mean() - mean) <= 5 * sigma / 200
        assert codes[:, index].std() == pytest.approx(sigma, rel=0.02)


def test_measured_errors_of_a_chip(tmp_path: Path) -> None:
    """Scope chip: repeats are alike, ADCs and chips differ by the measured sigma. 12800 ADCs: 4 %
    is 6 standard errors. One draw an ADC: the errors of two sums go together."""
    blocks = macro(measured={"file": error_file(tmp_path / "m.csv", MEASURED), "scope": "chip"})
    counts = [4, 8, 10]
    codes = single(tmp_path, counts, blocks, 64, (200, 2))
    assert np.array_equal(codes[:, 0], codes[:, 1])
    error = codes[:, 0] - np.array(counts)[:, None] / ROWS * TOP
    for index, count in enumerate(counts):
        sigma = np.interp(count, [0, 8, 16], [10, 40, 20])
        assert error[:, index].std() == pytest.approx(sigma, rel=0.04)
        mean = np.interp(count, [0, 8, 16], [30, -20, -50])
        assert abs(error[:, index].mean() - mean) <= 5 * sigma / np.sqrt(12800) + 0.5
    assert np.corrcoef(error[:, 0].ravel(), error[:, 1].ravel())[0, 1] > 0.99


@pytest.mark.parametrize(("sigma", "repeats"), [(0.128, 100), (0.191, 10), (0.255, 4), (0.510, 2),
                                                (1.0, 2)])
@pytest.mark.parametrize("path", ["auto", "table", "fixed"])
def test_code_error_of_a_lossless_column(sigma: float, repeats: int, path: str,
                                         tmp_path: Path) -> None:
    """E[e^2] = 2 sum (2m - 1) Q((m - 1/2)/sigma) LSB^2 away from the ends: 8.8e-5, 8.9e-3, 5.0e-2,
    0.337, 1.083. 40000 conversions a repeat; 5 standard errors from the fourth moment."""
    blocks = {"rows": 255, "adc": {"bits": 8}, "noise": {"random": {"sigma": sigma, "unit": "lsb"}}}
    counts = [40, 100, 128, 200]
    codes = single(tmp_path, counts, blocks, 10000, (1, repeats), path=path)[0]
    error = codes - np.array(counts)[:, None]
    law = code_law(128.0, sigma, 255)
    fourth = float(law @ (np.arange(256) - 128.0) ** 4)
    m = np.arange(1, 20)
    second = 2.0 * float(((2 * m - 1) * upper_tail((m - 0.5) / sigma)).sum())
    measured = (error.astype(float) ** 2).mean()
    assert abs(measured - second) <= 5 * np.sqrt((fourth - second**2) / error.size)
