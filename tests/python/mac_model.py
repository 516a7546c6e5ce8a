# SPDX-License-Identifier: Apache-2.0
"""The macro's arithmetic in numpy, written from the definition of the model and from nothing else:
what the tests test_error_models_*.py compare the program with."""

from __future__ import annotations

import math
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np

from mac_cases import mac

BOLTZMANN = 1.380649e-23  # J/K
Cycle = tuple[int, int, int]  # width, lowest bit, sign
erf = np.vectorize(math.erf, otypes=[float])


def cycles(bits: int, per_cycle: int = 1, signed: bool = False) -> list[Cycle]:
    """Activation bits from the lowest, some at once; the sign bit is a cycle of its own, the
    last."""
    low = bits - 1 if signed else bits
    out = [(min(per_cycle, low - b), b, 1) for b in range(0, low, per_cycle)]
    return out + ([(1, bits - 1, -1)] if signed else [])


def planes(w: np.ndarray, bits: int) -> np.ndarray:
    """Two's complement bits of w on a new last axis, lowest first."""
    return (np.asarray(w)[..., None] >> np.arange(bits)) & 1


def drives(x: np.ndarray, parts: list[Cycle]) -> np.ndarray:
    """Value that every cycle drives, on a new last axis."""
    return np.stack([(np.asarray(x) >> low) & (2**width - 1) for width, low, _ in parts], axis=-1)


def row_groups(values: np.ndarray, rows: int) -> np.ndarray:
    """[n, K, ...] -> [n, group, rows, ...], the last group filled with zeros."""
    count = -(-values.shape[1] // rows)
    fill = [(0, 0)] * values.ndim
    fill[1] = (0, count * rows - values.shape[1])
    padded = np.pad(values, fill)
    return padded.reshape(values.shape[0], count, rows, *values.shape[2:])


def sums(x: np.ndarray, w: np.ndarray, weight_bits: int, parts: list[Cycle],
         rows: int) -> np.ndarray:
    """Exact sum of every conversion of a linear layer: [batch, M, group, plane, cycle]."""
    driven = row_groups(drives(x, parts), rows)
    stored = row_groups(planes(w, weight_bits), rows)
    return np.einsum("bgrj,mgri->bmgij", driven, stored)


def places(weight_bits: int, parts: list[Cycle]) -> np.ndarray:
    """Signed place value [plane, cycle]; a single plane is positive."""
    plane = 2.0 ** np.arange(weight_bits)
    plane[-1] *= -1 if weight_bits > 1 else 1
    return plane[:, None] * np.array([sign * 2.0**low for _, low, sign in parts])


def full_scale(parts: list[Cycle], rows: int) -> np.ndarray:
    """Counts of the full scale of every cycle."""
    return np.array([rows * (2.0**width - 1) for width, _, _ in parts])


def decode(codes: np.ndarray, weight_bits: int, parts: list[Cycle], rows: int,
           bits: int) -> np.ndarray:
    """y of codes [..., group, plane, cycle] with range full."""
    step = full_scale(parts, rows) / (2.0**bits - 1)
    return (codes * step * places(weight_bits, parts)).sum(axis=(-3, -2, -1))


def top_levels(weight_bits: int, cycle_count: int, levels: int) -> np.ndarray:
    """[plane, cycle]: true where the rule of hybrid and voting holds."""
    i, j = np.indices((weight_bits, cycle_count))
    return i + j > weight_bits + cycle_count - levels - 2


def upper_tail(z: np.ndarray | float) -> np.ndarray:
    return 0.5 - 0.5 * erf(np.asarray(z) / math.sqrt(2.0))


def code_law(position: float, sigma: float, top: int) -> np.ndarray:
    """Probability of the codes 0..top of a conversion at this position [LSB]."""
    edges = (np.arange(1, top + 1) - 0.5 - position) / sigma
    below = np.concatenate(([0.0], 1.0 - upper_tail(edges), [1.0]))
    return np.diff(below)


def voted_law(law: np.ndarray, samples: int, combine: str) -> np.ndarray:
    """Law of the combined code: mode (the smallest of the most frequent) or lower median."""
    support = np.flatnonzero(law > 1e-9)
    out = np.zeros_like(law)
    for codes in combinations_with_replacement(support.tolist(), samples):
        chosen, counts = np.unique(codes, return_counts=True)
        weight = math.factorial(samples) * np.prod(law[chosen] ** counts)
        weight /= np.prod([math.factorial(int(n)) for n in counts])
        best = codes[(samples - 1) // 2] if combine == "median" else chosen[counts.argmax()]
        out[best] += weight
    return out


def moments(law: np.ndarray) -> tuple[float, float]:
    """Mean and variance of the code."""
    codes = np.arange(law.size)
    mean = float(law @ codes)
    return mean, float(law @ (codes - mean) ** 2)


def single(folder: Path, counts: object, macro: dict, columns: int = 1, trials: tuple[int, int] =
           (1, 1), seed: int = 5, path: str = "auto", per_cycle: int = 1) -> np.ndarray:
    """Codes [chip, repeat, len(counts), columns] of single conversions: one-bit weights, all 1, and
    inputs that drive the first rows so that the exact sum is counts."""
    rows, top = macro["rows"], 2**per_cycle - 1
    x = np.zeros((len(counts), rows), dtype=int)
    for row, count in zip(x, counts, strict=True):
        row[:count // top] = top
        if count % top:
            row[count // top] = count % top
    settings = {"weight_bits": 1, "activation_bits": per_cycle, "seed": seed, "path": path,
                "chips": trials[0], "repeats": trials[1],
                "macro": {"mapping": "dense", "bits_per_cycle": per_cycle, **macro}}
    out = mac(folder, {"x": x, "w": np.ones((columns, rows), dtype=int)}, settings)
    codes = out["A"]
    if out["@path"] == "events":  # there A is what errors add to the product
        assert per_cycle == 1 and macro["rows"] == 2 ** macro["adc"]["bits"] - 1
        codes = codes + out["D"]
    return (codes // top).reshape(*trials, len(counts), columns)
