# SPDX-License-Identifier: Apache-2.0
"""Voting: the law of the combined code from the law of one code, its set of conversions, and what
it does together with hybrid levels. Seeds are fixed; odds are stated for random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mac_cases import mac
from mac_model import (code_law, cycles, full_scale, moments, places, single, sums, top_levels,
                       voted_law)

ROWS, BITS = 15, 4
REPEATS = 3000


def voting(levels: int, samples: int, combine: str) -> dict:
    return {"levels": levels, "samples": samples, "combine": combine}


def noise(sigma: float) -> dict:
    return {"random": {"sigma": sigma, "unit": "lsb"}}


@pytest.mark.parametrize("path", ["table", "fixed"])
@pytest.mark.parametrize(("samples", "combine"),
                         [(2, "mode"), (3, "mode"), (5, "mode"), (2, "median"), (3, "median"),
                          (4, "median"), (7, "median")])
def test_law_of_the_combined_code(samples: int, combine: str, path: str, tmp_path: Path) -> None:
    """Sums 0 (clipped), 1 and 7 at sigma 0.8 LSB, 40000 conversions each: every code's frequency
    within 5.5 standard deviations and 3 counts, 4e-8 for each of about 25."""
    macro = {"rows": ROWS, "adc": {"bits": BITS}, "noise": noise(0.8),
             "voting": voting(1, samples, combine)}
    counts, columns, repeats = [0, 1, 7], 200, 200
    codes = single(tmp_path, counts, macro, columns, (1, repeats), path=path)[0]
    total = columns * repeats
    for index, count in enumerate(counts):
        law = voted_law(code_law(float(count), 0.8, 2**BITS - 1), samples, combine)
        seen = np.bincount(codes[:, index].ravel(), minlength=2**BITS)
        assert np.all(np.abs(seen - total * law)
                      <= 5.5 * np.sqrt(total * law * (1.0 - law)) + 3.0), (count, seen, total * law)


@pytest.mark.parametrize("path", ["table", "fixed"])
def test_mean_of_votes(path: str, tmp_path: Path) -> None:
    """A holds the sum of four codes: mean 4E, variance 4V. 40000 votes, 5 standard errors (a
    variance of nearly Gaussian votes is known to sqrt(2/40000) = 0.7 %)."""
    macro = {"rows": ROWS, "adc": {"bits": BITS}, "noise": noise(0.8),
             "voting": voting(1, 4, "mean")}
    total = single(tmp_path, [0, 7], macro, 200, (1, 200), path=path)[0]
    for index, count in enumerate([0, 7]):
        mean, variance = moments(code_law(float(count), 0.8, 15))
        seen = total[:, index].ravel()
        assert abs(seen.mean() - 4 * mean) <= 5 * np.sqrt(4 * variance / seen.size)
        assert seen.var() == pytest.approx(4 * variance, rel=0.05)


def test_mean_decodes_to_the_mean(tmp_path: Path) -> None:
    """Without noise every vote is alike and so is their mean, whatever their number."""
    rng = np.random.default_rng(2)
    data = {"x": rng.integers(0, 16, (3, 40)), "w": rng.integers(-8, 8, (4, 40))}
    base = {"weight_bits": 4, "activation_bits": 4, "seed": 1,
            "macro": {"rows": 20, "adc": {"bits": 4}}}
    plain = mac(tmp_path, data, base)["y"]
    for samples in (3, 4, 7):
        voted = base | {"macro": base["macro"] | {"voting": voting(2, samples, "mean")}}
        assert np.allclose(mac(tmp_path, data, voted)["y"], plain, rtol=1e-13, atol=0.0)


def analytic(data: dict[str, np.ndarray], per_cycle: int, bits: int, sigma: float, vote: dict,
             digital_levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of y [batch, M] with 4-bit operands."""
    parts = cycles(4, per_cycle)
    s = sums(data["x"], data["w"], 4, parts, ROWS)
    fs, top = full_scale(parts, ROWS), 2**bits - 1
    digital = top_levels(4, len(parts), digital_levels)
    voted = top_levels(4, len(parts), vote["levels"]) & ~digital
    mean, variance = s.astype(float), np.zeros(s.shape)
    known: dict[tuple[int, int, bool], tuple[float, float]] = {}
    for index in np.ndindex(*s.shape):
        plane, cycle = index[-2:]
        if digital[plane, cycle]:
            continue
        key = (int(s[index]), int(fs[cycle]), bool(voted[plane, cycle]))
        if key not in known:
            known[key] = combined(code_law(key[0] / key[1] * top, sigma, top), key[2], vote)
        step = fs[cycle] / top
        mean[index], variance[index] = known[key][0] * step, known[key][1] * step**2
    place = places(4, parts)
    axes = (-3, -2, -1)
    return (mean * place).sum(axis=axes), np.sqrt((variance * place**2).sum(axis=axes))


def combined(law: np.ndarray, voted: bool, vote: dict) -> tuple[float, float]:
    if not voted:
        return moments(law)
    if vote["combine"] == "mean":
        mean, variance = moments(law)
        return mean, variance / vote["samples"]
    return moments(voted_law(law, vote["samples"], vote["combine"]))


@pytest.mark.parametrize("path", ["table", "fixed"])
@pytest.mark.parametrize("digital", [0, 1, 2])
@pytest.mark.parametrize("combine", ["mode", "median", "mean"])
@pytest.mark.parametrize(("per_cycle", "levels"), [(1, 3), (2, 2)])
def test_mean_and_spread_of_the_output(per_cycle: int, levels: int, combine: str, digital: int,
                                       path: str, tmp_path: Path) -> None:
    """6 outputs over 3000 repeats: mean to 5 standard errors (6e-7 each), spread to 8 % (over 6
    standard errors of 1/sqrt(6000) = 1.3 %). A set that is one level off, or counted in bits and
    not in cycles, is off by far more: the top level carries most of the variance."""
    rng = np.random.default_rng(3)
    data = {"x": rng.integers(0, 16, (2, 26)), "w": rng.integers(-8, 8, (3, 26))}
    vote = voting(levels, 3, combine)
    macro = {"rows": ROWS, "mapping": "dense", "bits_per_cycle": per_cycle, "adc": {"bits": 4},
             "noise": noise(0.7), "voting": vote, "hybrid": {"levels": digital}}
    out = mac(tmp_path, data, {"weight_bits": 4, "activation_bits": 4, "seed": 9, "path": path,
                               "repeats": REPEATS, "macro": macro})
    assert out["@path"] == path
    mean, spread = analytic(data, per_cycle, 4, 0.7, vote, digital)
    assert np.all(np.abs(out["y"].mean(axis=0) - mean) <= 5.0 * spread / np.sqrt(REPEATS))
    assert np.all(np.abs(out["y"].std(axis=0, ddof=1) / spread - 1.0) <= 0.08)


def test_variance_falls_with_the_votes(tmp_path: Path) -> None:
    """Mean of n votes on every conversion: the variance is divided by n. 6 outputs, 2000 repeats:
    the pooled variance is known to 1.3 %, the ratio to 1.9 %; 10 % is 5 of these."""
    rng = np.random.default_rng(4)
    data = {"x": rng.integers(0, 16, (2, 30)), "w": rng.integers(-8, 8, (3, 30))}
    variance = {}
    for samples in (1, 4, 16):
        macro = {"rows": 30, "mapping": "dense", "adc": {"bits": 6}, "noise": noise(0.9),
                 "voting": voting(7, samples, "mean")}
        if samples == 1:
            macro.pop("voting")
        y = mac(tmp_path, data, {"weight_bits": 4, "activation_bits": 4, "seed": 9,
                                 "repeats": 2000, "macro": macro})["y"]
        variance[samples] = y.var(axis=0).mean()
    assert variance[1] / variance[4] == pytest.approx(4.0, rel=0.10)
    assert variance[1] / variance[16] == pytest.approx(16.0, rel=0.10)


def test_hybrid_takes_the_whole_voted_set(tmp_path: Path) -> None:
    """Where hybrid computes all voted conversions digitally, voting changes no bit."""
    rng = np.random.default_rng(5)
    data = {"x": rng.integers(0, 16, (2, 30)), "w": rng.integers(-8, 8, (3, 30))}
    macro = {"rows": 15, "adc": {"bits": 4}, "noise": noise(0.7), "hybrid": {"levels": 3}}
    base = {"weight_bits": 4, "activation_bits": 4, "seed": 9, "path": "fixed", "repeats": 20}
    one = mac(tmp_path, data, base | {"macro": macro})["y"]
    two = mac(tmp_path, data, base | {"macro": macro | {"voting": voting(3, 5, "mode")}})["y"]
    assert np.array_equal(one, two)


def test_votes_leave_the_other_conversions_alone(tmp_path: Path) -> None:
    """Codes of conversions outside the voted set are those without voting, one by one."""
    rng = np.random.default_rng(6)
    data = {"x": rng.integers(0, 16, (4, 30)), "w": rng.integers(-8, 8, (5, 30))}
    macro = {"rows": 15, "adc": {"bits": 4}, "noise": noise(0.7)}
    base = {"weight_bits": 4, "activation_bits": 4, "seed": 9, "path": "fixed"}
    one = mac(tmp_path, data, base | {"macro": macro}, "--conversions")["code"][0, ..., 0]
    voted = mac(tmp_path, data, base | {"macro": macro | {"voting": voting(2, 3, "mode")}},
                "--conversions")["code"][0, ..., 0]
    outside = ~top_levels(4, 4, 2)
    assert np.array_equal(one[..., outside], voted[..., outside])
    assert not np.array_equal(one[..., ~outside], voted[..., ~outside])
