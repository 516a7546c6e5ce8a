# SPDX-License-Identifier: Apache-2.0
"""A small decoder (GPT): tokens in, logits of the next token at every position out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from networks import Attention, Encoder


class CausalAttention(Attention):
    """Attention in which a token looks at itself and at those before it."""

    def __init__(self, width: int, heads: int, tokens: int) -> None:
        super().__init__(width, heads, tokens)
        self.later = torch.full((tokens, tokens), -float("inf")).triu(1)

    def masked(self, scores: Tensor) -> Tensor:
        """Return the scores [N, heads, T, T], minus infinity where a key is later."""
        return scores + self.later


class Gpt(nn.Module):
    """A pre-norm decoder (Radford et al. 2019): embeddings, causal layers, norm, logits."""

    def __init__(
        self, vocabulary: int, tokens: int = 32, width: int = 32, layers: int = 2, heads: int = 4
    ) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Parameter(0.02 * torch.randn(1, tokens, width))
        self.layers = nn.Sequential(
            *(Encoder(width, heads, tokens, 4 * width, CausalAttention) for _ in range(layers))
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, T, vocabulary] of token numbers x, int64 [N, T]."""
        return self.head(self.norm(self.layers(self.token(x) + self.position)))
