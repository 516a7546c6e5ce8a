# SPDX-License-Identifier: Apache-2.0
"""Rounding to the macro's integers with gradients: straight through, and learned step sizes."""

from __future__ import annotations

import torch
from torch import Tensor

LARGEST_BITS = 9  # of an activation with its sign; weights have at most 8


def integer_range(bits: int, signed: bool) -> tuple[int, int]:
    """Return the smallest and the largest integer of an operand.

    Symmetric +-(2^(bits-1)-1) where signed, as all weights are, else 0..2^bits-1. Raises
    ValueError for bits outside 2..9 (1..9 unsigned).
    """
    if not (2 if signed else 1) <= bits <= LARGEST_BITS:
        raise ValueError(f"{bits} bits, signed {signed}: an operand has 2 to {LARGEST_BITS} bits")
    if signed:
        return -(2 ** (bits - 1) - 1), 2 ** (bits - 1) - 1
    return 0, 2**bits - 1


class _FakeQuantise(torch.autograd.Function):
    """scale * clamp(round half to even(x / scale), low, high)."""

    @staticmethod
    def forward(ctx, x: Tensor, scale: Tensor, low: int, high: int, factor: float) -> Tensor:
        ratio = x / scale
        integer = ratio.clamp(low, high).round_()  # the same as rounding first, whole bounds
        ctx.save_for_backward(ratio, integer)
        ctx.bounds = float(low), float(high), factor, scale.shape
        return integer * scale

    @staticmethod
    def backward(ctx, gradient: Tensor):
        ratio, integer = ctx.saved_tensors
        low, high, factor, shape = ctx.bounds
        # This is values * (low < ratio < high), several times faster than by a mask.
        inside = torch.ops.aten.hardtanh_backward
        to_x = inside(gradient, ratio, low, high) if ctx.needs_input_grad[0] else None
        to_scale = None
        if ctx.needs_input_grad[1]:
            # Esser et al. 2020 ("Learned step size quantization"), equation 3.
            error = integer - inside(ratio, ratio, low, high)
            to_scale = error.mul_(gradient).sum_to_size(shape) * factor
        return to_x, to_scale, None, None, None


def fake_quantise(x: Tensor, scale: Tensor, low: int, high: int, factor: float = 1.0) -> Tensor:
    """Return x rounded to whole multiples low..high of the scale, one IEEE division, half to even.

    `scale` broadcasts against x. Gradients: straight through to x inside the range, none outside
    or at its ends; to the scale that of learned step sizes, times `factor`.
    """
    return _FakeQuantise.apply(x, scale, low, high, factor)
