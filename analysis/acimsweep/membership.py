# SPDX-License-Identifier: Apache-2.0
"""How probably a point is on the front, given that only some chips were simulated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from acimsweep.front import pareto_front

RESAMPLES = 1000
_MOST_DRAWN = 1 << 25  # values at a time, 256 MB
SEED = 20_301  # fixed, so that the same results give the same probabilities


@dataclass(frozen=True)
class ChipMeans:
    """An objective that is a mean over chips, or a function of one, oriented upwards.

    per_chip: [points, chips], NaN where a chip has no trial. function: of the mean, growing or
    falling; sign: -1 where less is better.
    """

    per_chip: np.ndarray
    sign: float = 1.0
    function: Callable[[np.ndarray], np.ndarray] | None = None

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
        return self._oriented(values)

    def span(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest value [points] that any resample can give; NaN without chips."""
        known = ~np.isnan(self.per_chip)
        low = np.where(known, self.per_chip, np.inf).min(axis=1)
        high = np.where(known, self.per_chip, -np.inf).max(axis=1)
        none = ~known.any(axis=1)
        low[none], high[none] = np.nan, np.nan
        # Rounded as the means are, else a mean of equal values could lie outside.
        ends = np.sort([self._oriented(np.round(low, 12)), self._oriented(np.round(high, 12))], axis=0)
        return ends[0], ends[1]

    def rows(self, rows: np.ndarray) -> ChipMeans:
        """The same of some points."""
        return ChipMeans(self.per_chip[rows], self.sign, self.function)

    def _oriented(self, mean: np.ndarray) -> np.ndarray:
        return self.sign * (mean if self.function is None else self.function(mean))


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
    first, place = _distinct(fixed, random)
    fixed, random = fixed[first], [o.rows(first) for o in random]
    candidates = np.flatnonzero(_undominated(fixed, [o.span() for o in random]))
    probability = np.zeros(len(fixed))
    if fixed.shape[1] == len(random) == 1 and len(candidates):
        probability[candidates] = _shares_of_two(fixed[candidates, 0], random[0].rows(candidates),
                                                 weights)
        return np.where(unknown, np.nan, probability[place])
    drawn = [o.rows(candidates).draw(weights) for o in random]
    sure = _undominated(fixed[candidates], [(d.min(axis=1), d.max(axis=1)) for d in drawn])
    candidates, drawn = candidates[sure], [d[sure] for d in drawn]
    probability[candidates] = _shares(fixed[candidates], drawn)
    return np.where(unknown, np.nan, probability[place])


def _distinct(fixed: np.ndarray, random: list[ChipMeans]) -> tuple[np.ndarray, np.ndarray]:
    """The first of all points that are equal in everything, and the place of each among those: equal
    points stay or fall together."""
    everything = np.hstack([fixed, *(o.per_chip for o in random)])
    _, first, place = np.unique(everything, axis=0, return_index=True, return_inverse=True)
    return first, place


def _undominated(fixed: np.ndarray, spans: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """bool [points]: not dominated by one and the same point whatever the values are within spans.

    What such a point would dominate, its dominator dominates too, so that it may be left out.
    """
    worst = np.column_stack([fixed, *(low for low, _ in spans)])
    best = np.column_stack([fixed, *(high for _, high in spans)])
    possible = ~np.isnan(best).any(axis=1)
    for dominator in worst[pareto_front(worst)]:
        possible &= ~((dominator >= best).all(axis=1) & (dominator > best).any(axis=1))
    return possible


def _shares_of_two(fixed: np.ndarray, random: ChipMeans, weights: np.ndarray) -> np.ndarray:
    """As _shares() of one fixed objective [points] and one that is drawn, at a cost that grows with the
    points and not with their square: from the best fixed value down, a point must beat the best
    drawn value of those above it and reach that of its equals."""
    order = np.argsort(-fixed, kind="stable")
    equals = np.split(order, np.flatnonzero(np.diff(fixed[order])) + 1)
    lost = np.zeros(len(fixed))
    parts = -(-len(fixed) * len(weights) // _MOST_DRAWN)
    for part in np.array_split(weights, min(len(weights), parts)):
        drawn = random.draw(part)
        best = np.full(len(part), -np.inf)
        for points in equals:
            top = drawn[points].max(axis=0)
            lost[points] += ((drawn[points] < top) | (drawn[points] <= best)).sum(axis=1)
            best = np.maximum(best, top)
    return 1.0 - lost / len(weights)


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
