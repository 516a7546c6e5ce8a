# SPDX-License-Identifier: Apache-2.0
"""A product of two activations as a module, so that it can be found, quantised and named."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MatMul(nn.Module):
    """The matrix product of two activations, for example the two products of attention.

    `stored` says which operand an array of cells would hold, "first" or "second": that one takes
    the weights' bits when the module is quantised, the other one the activations' bits.
    """

    def __init__(self, stored: str = "second") -> None:
        super().__init__()
        if stored not in ("first", "second"):
            raise ValueError(f"MatMul: stored is {stored!r}; it must be 'first' or 'second'")
        self.stored = stored

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Return a @ b, [..., M, N], of a [..., M, K] and b [..., K, N]."""
        return torch.matmul(a, b)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows of this module."""
        return f"stored={self.stored!r}"
