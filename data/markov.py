# SPDX-License-Identifier: Apache-2.0
"""A random source of order 2 whose entropy is known: sequences to train small decoders on.

Token x[t] is drawn with the probabilities of the pair (x[t-2], x[t-1]). Each pair has its own
distribution: a flat Dirichlet's, raised to a power so that a few successors are likely. All of it
follows from one seed, through numpy's PCG64 and arithmetic in float64.
"""

from __future__ import annotations

import numpy as np

TOKENS = 16
SOURCE_SEED = 2026
SHARPNESS = 3.0  # power of the Dirichlet's shares; 1 gives an almost flat source
FIRST_PAIRS = 10_000  # steps of the power iteration to the stationary pairs


class MarkovSource:
    """The source of a seed.

    next: float64 [a, b, c], probability of c behind the pair (a, b).
    pairs: float64 [a, b], how often the pair occurs in the long run.
    """

    def __init__(self, tokens: int = TOKENS, seed: int = SOURCE_SEED) -> None:
        draws = np.random.Generator(np.random.PCG64(seed)).random((tokens, tokens, tokens))
        shares = (-np.log(draws)) ** SHARPNESS  # exponential draws are a flat Dirichlet's
        self.tokens = tokens
        self.next = shares / shares.sum(-1, keepdims=True)
        self.pairs = np.full((tokens, tokens), 1.0 / tokens**2)
        for _ in range(FIRST_PAIRS):
            self.pairs = np.einsum("ab,abc->bc", self.pairs, self.next)

    def entropy(self) -> float:
        """Entropy of a token whose two predecessors are known [nat]."""
        return float(-(self.pairs[..., None] * self.next * np.log(self.next)).sum())

    def best_loss(self, positions: int) -> float:
        """The least mean cross-entropy of `positions` predictions from the first token on [nat].

        The first prediction knows one token only, all others two or more.
        """
        after_one = np.einsum("ab,abc->bc", self.pairs, self.next)  # pairs (b, c)
        share = after_one / after_one.sum(-1, keepdims=True)
        first = float(-(after_one * np.log(share)).sum())
        return (first + (positions - 1) * self.entropy()) / positions

    def sample(self, count: int, length: int, seed: int) -> np.ndarray:
        """Draw `count` sequences from the stationary source: uint8 [count, length]."""
        random = np.random.Generator(np.random.PCG64([SOURCE_SEED, seed]))
        out = np.zeros((count, length), np.uint8)
        first = np.searchsorted(np.cumsum(self.pairs)[:-1], random.random(count), side="right")
        out[:, 0], out[:, 1] = first // self.tokens, first % self.tokens
        steps = np.cumsum(self.next, -1)[..., :-1]
        for t in range(2, length):
            below = steps[out[:, t - 2], out[:, t - 1]]
            out[:, t] = (random.random((count, 1)) >= below).sum(-1)
        return out
