# SPDX-License-Identifier: Apache-2.0
"""Static scales from values that were seen: maximum, percentile, or least squared error."""

from __future__ import annotations

import torch
from torch import Tensor

METHODS = ("max", "percentile", "mse")
CANDIDATES = 100  # clipping values that `mse` tries, evenly spaced up to the largest magnitude
SMALLEST_SCALE = 1e-12  # of an operand that was never anything but 0


def check_method(method: str, percentile: float) -> None:
    """Raise ValueError for a method that does not exist or a percentile outside (0, 100]."""
    if method not in METHODS:
        raise ValueError(f"method {method!r}: there are {', '.join(METHODS)}")
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile {percentile}: above 0 and at most 100")


def choose_scale(
    values: Tensor, low: int, high: int, method: str = "max", percentile: float = 99.9
) -> Tensor:
    """Return the scale of each row of `values` [C, n], float32 [C].

    max: the largest magnitude becomes `high`. percentile: that percentile of the magnitudes does,
    nearest rank. mse: the clipping value of least squared error does, among 100 even steps up to
    the largest magnitude.
    """
    check_method(method, percentile)
    magnitudes = values.detach().abs()
    largest = magnitudes.amax(1)
    if method == "percentile":
        rank = max(1, -(-int(percentile * magnitudes.shape[1] * 1000) // 100_000))
        limit = magnitudes.kthvalue(min(rank, magnitudes.shape[1]), 1).values
        limit = torch.where(limit > 0, limit, largest)
    elif method == "mse":
        limit = _least_error(values.detach(), largest, low, high)
    else:
        limit = largest
    return (limit / high).clamp_min(SMALLEST_SCALE)


def _least_error(values: Tensor, largest: Tensor, low: int, high: int) -> Tensor:
    best = torch.full_like(largest, float("inf"))
    limit = largest.clone()
    for step in range(CANDIDATES, 0, -1):
        candidate = largest * (step / CANDIDATES)
        scale = (candidate / high).clamp_min(SMALLEST_SCALE)[:, None]
        rounded = (values / scale).round_().clamp_(low, high).mul_(scale)
        error = rounded.sub_(values).square_().sum(1)
        better = error < best
        best = torch.where(better, error, best)
        limit = torch.where(better, candidate, limit)
    return limit
