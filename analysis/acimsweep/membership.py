# SPDX-License-Identifier: Apache-2.0
"""How probably a point is on the front, given that only some chips were simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acimsweep.front import pareto_front

RESAMPLES = 1000
SEED = 20_301  # fixed, so that the same results give the same probabilities
_AT_ONCE = 50  # resamples of all points held in memory


@dataclass(frozen=True)
class ChipMeans:
    """An objective that is a mean over chips, or a function of one, oriented upwards.

    per_chip: [points, chips], NaN where a chip has no trial. function: of the mean, growing or
    falling; sign: -1 where less is better.
    """

    per_chip: np.ndarray
    sign: float = 1.0
    function: np.ufunc | None = None

    def draw(self, weights: np.ndarray) -> np.ndarray:
        """Values [points, resamples] under resampled chips: counts [resamples, chips].

        A point none of whose chips was drawn, which needs missing chips, keeps its mean.
        """
        known = ~np.isnan(self.per_chip)
        filled = np.where(known, self.per_chip, 0.0)
        total, count = filled @ weights.T, known @ weights.T
        with np.errstate(invalid="ignore"):
            mean = filled.sum(axis=1) / known.sum(axis=1)
            values = np.where(count > 0, total / np.maximum(count, 1), mean[:, None])
        values = np.round(values, 12)  # rounding of sums must not split what is equal
        return self.sign * (values if self.function is None else self.function(values))


def front_probability(
    objectives: Sequence[np.ndarray | ChipMeans],
    unknown: np.ndarray,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> np.ndarray:
    """Share of bootstrap resamples of the chips in which each point is on the front.

    objectives: fixed values [points] or ChipMeans, all oriented upwards. unknown: bool [points],
    noisy points with fewer than two chips: NaN is given for them, and for the others they count with
    the value that they have. All points see the same resampled chips (a paired bootstrap), because a
    chip is the same chip at every point. Conditional on the evaluation images.
    """
    random = [o for o in objectives if isinstance(o, ChipMeans)]
    fixed = np.stack([o for o in objectives if not isinstance(o, ChipMeans)] or [unknown * 0.0], 1)
    chips = random[0].per_chip.shape[1] if random else 0
    if chips == 0:
        return np.where(unknown, np.nan, pareto_front(fixed).astype(float))
    weights = np.random.default_rng(seed).multinomial(chips, np.full(chips, 1 / chips), resamples)
    candidates = np.flatnonzero(_possible(fixed, random, weights.astype(float)))
    part = [ChipMeans(o.per_chip[candidates], o.sign, o.function) for o in random]
    drawn = [o.draw(weights.astype(float)) for o in part]
    probability = np.zeros(len(fixed))
    probability[candidates] = _shares(fixed[candidates], drawn)
    return np.where(unknown, np.nan, probability)


def _possible(fixed: np.ndarray, random: list[ChipMeans], weights: np.ndarray) -> np.ndarray:
    """bool [points]: not dominated in every resample by one and the same point.

    What such a point would dominate, its dominator dominates too, so that it may be left out.
    """
    low, high = [fixed], [fixed]
    for objective in random:
        chunks = [objective.draw(weights[i:i + _AT_ONCE]) for i in range(0, len(weights), _AT_ONCE)]
        low.append(np.min([c.min(axis=1) for c in chunks], axis=0)[:, None])
        high.append(np.max([c.max(axis=1) for c in chunks], axis=0)[:, None])
    worst, best = np.hstack(low), np.hstack(high)
    possible = ~np.isnan(best).any(axis=1)
    for dominator in worst[pareto_front(worst)]:
        possible &= ~((dominator >= best).all(axis=1) & (dominator > best).any(axis=1))
    return possible


def _shares(fixed: np.ndarray, drawn: list[np.ndarray]) -> np.ndarray:
    """Share of resamples in which each point [points] is dominated by no other one."""
    shares = np.empty(len(fixed))
    for i, mine in enumerate(fixed):
        rivals = (fixed >= mine).all(axis=1)
        better = np.broadcast_to((fixed[rivals] > mine).any(axis=1)[:, None],
                                 (rivals.sum(), drawn[0].shape[1]))
        at_least = np.ones_like(better)
        for values in drawn:
            at_least = at_least & (values[rivals] >= values[i])
            better = better | (values[rivals] > values[i])
        shares[i] = 1.0 - (at_least & better).any(axis=0).mean()
    return shares
