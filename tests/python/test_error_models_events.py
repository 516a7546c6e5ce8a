# SPDX-License-Identifier: Apache-2.0
"""Path events against numpy: a lossless ADC whose codes rarely err. Seeds are fixed; the odds of
every bound are stated for random ones."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from mac_cases import mac
from mac_model import cycles, decode, moments, code_law, places, sums, upper_tail

ROWS, BITS, W, X, REPEATS = 15, 4, 4, 4, 400
PARTS = cycles(X)
SIGMA = 0.19  # [LSB]


def operands() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2**X, (8, 45))
    x[0], x[1, :15] = 0, 15  # sums at the lowest and at the top code
    w = rng.integers(-8, 8, (6, 45))
    w[0, :15] = -1
    return {"x": x, "w": w}


def settings(sigma: float, repeats: int = REPEATS, **changes: object) -> dict:
    return {"weight_bits": W, "activation_bits": X, "seed": 3, "repeats": repeats,
            "macro": {"rows": ROWS, "mapping": "dense", "adc": {"bits": BITS},
                      "noise": {"random": {"sigma": sigma, "unit": "lsb"}}}} | changes


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return mac(tmp_path_factory.mktemp("events"), operands(), settings(SIGMA), "--conversions")


def test_results_are_the_product_and_the_errors_of_codes(drawn: dict, tmp_path: Path) -> None:
    assert drawn["@path"] == "events"
    data = operands()
    exact = sums(data["x"], data["w"], W, PARTS, ROWS)
    codes = drawn["code"][..., 0]
    assert np.array_equal(drawn["s"][..., 0], np.broadcast_to(exact, codes.shape))
    assert np.array_equal(drawn["D"], np.broadcast_to(data["x"] @ data["w"].T, drawn["D"].shape))
    errors = ((codes - exact) * places(W, PARTS)).sum(axis=(-3, -2, -1))
    assert np.array_equal(drawn["A"], errors)
    assert np.array_equal(drawn["y"], decode(codes, W, PARTS, ROWS, BITS))
    fast = mac(tmp_path, data, settings(SIGMA))  # the vector kernel
    for name in ("y", "A", "D"):
        assert np.array_equal(fast[name], drawn[name]), name


def test_every_conversion_errs_as_often_as_the_law_says(drawn: dict) -> None:
    """921,600 conversions, p = 2 Q(2.63) = 0.0085; 16 places and 16 counts, each to 5 standard
    deviations of the binomial law: odds below 1e-4 for all of them together."""
    p = 2.0 * upper_tail(0.5 / SIGMA)
    s, codes = drawn["s"][..., 0], drawn["code"][..., 0]
    away = codes != s
    inside = (s > 0) & (s < ROWS)
    for i in range(W):
        for j in range(len(PARTS)):
            here = inside[..., i, j]
            n = here.sum()
            assert abs(away[..., i, j][here].sum() - n * p) <= 5.0 * math.sqrt(n * p * (1 - p))
    for count in range(ROWS + 1):
        here = s == count
        n, law = here.sum(), code_law(count, SIGMA, 2**BITS - 1)
        for code in {max(count - 1, 0), min(count + 1, ROWS)} - {count}:
            expected = n * law[code]
            assert abs((codes[here] == code).sum() - expected) <= 5.0 * math.sqrt(expected + 1)
        assert set(np.unique(codes[here])) <= {count - 1, count, count + 1} & set(range(ROWS + 1))


def test_errors_of_a_block_are_independent(drawn: dict) -> None:
    """Events of a block of 16 are binomial, and pairs of places occur alike: 57,600 blocks less
    those with sums at an end, 13 % of which have an event. Bounds of 5 standard deviations."""
    p = 2.0 * upper_tail(0.5 / SIGMA)
    s, away = drawn["s"][..., 0], drawn["code"][..., 0] != drawn["s"][..., 0]
    s, away = s.reshape(-1, 16), away.reshape(-1, 16)
    inside = ((s > 0) & (s < ROWS)).all(axis=1)
    blocks, events = inside.sum(), away[inside].sum(axis=1)
    assert blocks > 10_000
    for count in range(3):
        law = math.comb(16, count) * p**count * (1 - p)**(16 - count)
        assert abs((events == count).sum() - blocks * law) <= 5.0 * math.sqrt(blocks * law)
    both = away.astype(float).T @ away.astype(float)
    pairs = both[np.triu_indices(16, 1)]
    assert abs(pairs.std() / math.sqrt(pairs.mean()) - 1.0) < 0.25  # Poisson; 120 values: 4 sigma


def test_results_have_the_moments_of_independent_conversions(tmp_path: Path) -> None:
    """48 outputs, 4,000 repeats: means to 5 standard errors. The spread is judged over all
    outputs: the errors are rare, so that one alone says little."""
    data = operands()
    y = mac(tmp_path, data, settings(SIGMA, 4000))["y"]
    exact = sums(data["x"], data["w"], W, PARTS, ROWS)
    laws = {s: moments(code_law(s, SIGMA, 2**BITS - 1)) for s in range(ROWS + 1)}
    weights = places(W, PARTS)
    mean = np.vectorize(lambda s: laws[s][0])(exact)
    variance = np.vectorize(lambda s: laws[s][1])(exact)
    mean = (mean * weights).sum(axis=(-3, -2, -1))
    variance = (variance * weights**2).sum(axis=(-3, -2, -1))
    assert np.all(np.abs(y.mean(axis=0) - mean) <= 5.0 * np.sqrt(variance / 4000))
    # A sum of 48 rare errors: their excess kurtosis of some 1/(16 p) = 7 gives the mean of 48
    # sample variances a standard deviation of sqrt(9/4000/48) = 0.7 %.
    assert (y.var(axis=0, ddof=1) / variance).mean() == pytest.approx(1.0, abs=0.03)


def test_more_noise_adds_errors_and_moves_none(tmp_path: Path, drawn: dict) -> None:
    less = mac(tmp_path, operands(), settings(0.16), "--conversions")
    few = less["code"][..., 0] - less["s"][..., 0]
    many = drawn["code"][..., 0] - drawn["s"][..., 0]
    assert 0.15 < (few != 0).sum() / (many != 0).sum() < 0.27  # Q(3.125) / Q(2.63) = 0.209
    assert np.array_equal(few[few != 0], many[few != 0])


def test_hybrid_and_encodings(tmp_path: Path) -> None:
    """Digital conversions do not err; every encoding starts from the same product."""
    data = operands()
    product = data["x"] @ data["w"].T
    for encoding in ("twos_complement", "offset_binary", "differential", "xnor"):
        base = settings(SIGMA, 50)
        base["macro"] |= {"weight_encoding": encoding, "hybrid": {"levels": 2}, "rows": 7,
                          "adc": {"bits": 4, "range": "counts"}}
        out = mac(tmp_path, {"x": data["x"], "w": np.maximum(data["w"], -7)}, base, "--conversions")
        assert out["@path"] == "events", encoding
        assert np.array_equal(out["D"][0], data["x"] @ np.maximum(data["w"], -7).T)
        codes = out["code"][..., 0]
        digital = codes == -1
        assert digital.any() and (codes[~digital] >= 0).all()
        noisy = out["y"] != out["D"]
        assert noisy.any() and not noisy.all(), encoding
    everything = settings(SIGMA, 2)
    everything["macro"] |= {"hybrid": {"levels": 8}}
    out = mac(tmp_path, data, everything)
    assert np.array_equal(out["y"], np.stack([product] * 2))
