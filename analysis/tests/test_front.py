# SPDX-License-Identifier: Apache-2.0
"""Fronts, hypervolume and probability of membership against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from acimsweep import membership
from acimsweep.front import pareto_front
from acimsweep.dominated_volume import front_hypervolume, hypervolume
from acimsweep.membership import SEED, ChipMeans, front_probability

# Few distinct values make ties, which are where such code goes wrong.
TABLES = st.integers(1, 4).flatmap(lambda k: arrays.arrays(
    float, st.tuples(st.integers(0, 30), st.just(k)),
    elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, 5.0, -1.0, np.nan])))


def brute_force(table: np.ndarray) -> np.ndarray:
    front = ~np.isnan(table).any(axis=1)
    for i, j in itertools.permutations(range(len(table)), 2):
        if (table[j] >= table[i]).all() and (table[j] > table[i]).any():
            front[i] = False
    return front


@settings(max_examples=300, deadline=None, derandomize=True)
@given(TABLES)
def test_front_equals_brute_force(table: np.ndarray) -> None:
    np.testing.assert_array_equal(pareto_front(table), brute_force(table))


def inclusion_exclusion(table: np.ndarray, reference: np.ndarray) -> float:
    """Volume of a union of boxes: sum over subsets of the volume that they share."""
    boxes = np.maximum(table - reference, 0.0)
    return sum((-1) ** (size + 1) * np.prod(boxes[list(chosen)].min(axis=0))
               for size in range(1, len(boxes) + 1)
               for chosen in itertools.combinations(range(len(boxes)), size))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(1, 3).flatmap(lambda k: arrays.arrays(
    np.int64, st.tuples(st.integers(1, 7), st.just(k)), elements=st.integers(-2, 9))))
def test_hypervolume_equals_inclusion_and_exclusion(table: np.ndarray) -> None:
    """Whole numbers below 2^53, so that both sums are exact."""
    reference = np.zeros(table.shape[1])
    assert hypervolume(table, reference) == inclusion_exclusion(table.astype(float), reference)


def test_hypervolume_of_many_points_against_darts() -> None:
    """A million darts; 5 standard errors."""
    random = np.random.default_rng(11)
    table = random.random((60, 3)) ** 0.5
    darts = random.random((1_000_000, 3))
    hit = np.zeros(len(darts), bool)
    for point in table[pareto_front(table)]:
        hit |= (darts < point).all(axis=1)
    assert abs(hypervolume(table, np.zeros(3)) - hit.mean()) < 5 * hit.std() / 1000


def test_hypervolume_normalised_and_flat() -> None:
    table, low, best = np.array([[1.0, 4.0], [2.0, 2.0]]), np.zeros(2), np.array([2.0, 4.0])
    found = front_hypervolume(table, low, best)
    assert (found.volume, found.normalised) == (6.0, 0.75)
    assert np.isnan(front_hypervolume(table, np.array([2.0, 0.0]), best).normalised)
    assert hypervolume(table, [5.0, 5.0]) == 0.0 and hypervolume(np.empty((0, 2)), [0, 0]) == 0.0
    with pytest.raises(ValueError, match="from 1 to 3"):
        hypervolume(np.zeros((2, 4)), np.zeros(4))


def slow_probability(chips: np.ndarray, fixed: np.ndarray, resamples: int) -> np.ndarray:
    """The definition, a resample at a time."""
    count = chips.shape[1]
    weights = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), resamples)
    members = np.zeros(len(chips))
    for weight in weights:
        mean = np.round((chips * weight).sum(axis=1) / count, 12)
        members += brute_force(np.column_stack([fixed, mean]))
    return members / resamples


def test_probability_equals_its_definition() -> None:
    random = np.random.default_rng(3)
    for size, values in ((12, 3), (25, 8)):
        chips = random.integers(0, 6, (size, 5)) / 6
        fixed = random.integers(0, values, (size, 2)).astype(float)
        found = front_probability([fixed[:, 0], ChipMeans(chips), fixed[:, 1]],
                                  np.zeros(size, bool), resamples=200)
        np.testing.assert_allclose(found, slow_probability(chips, fixed, 200), atol=1e-12)
        assert ((found > 0) & (found < 1)).any()


def test_two_objectives_take_a_shorter_way_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """One fixed objective with ties and one drawn; also where not all draws fit the memory at once."""
    random = np.random.default_rng(4)
    chips = random.integers(0, 6, (40, 5)) / 6
    fixed = random.integers(0, 12, 40).astype(float)
    slow = slow_probability(chips, fixed[:, None], 200)
    for most in (1 << 25, 400):
        monkeypatch.setattr(membership, "_MOST_DRAWN", most)
        found = front_probability([fixed, ChipMeans(chips)], np.zeros(40, bool), resamples=200)
        np.testing.assert_allclose(found, slow, atol=1e-12)
    assert ((slow > 0) & (slow < 1)).sum() > 3


def test_common_chips_are_paired() -> None:
    """One point is better on every chip, although its spread over chips is far larger: surely first."""
    chips = np.array([[0.1, 0.9, 0.5, 0.3], [0.11, 0.91, 0.51, 0.31]])
    zeros = np.zeros(2)
    assert list(front_probability([zeros, ChipMeans(chips)], zeros > 1)) == [0.0, 1.0]
    # Not paired, the same values in another order change places often.
    mixed = np.array([chips[0], chips[1][::-1]])
    share = front_probability([zeros, ChipMeans(mixed)], zeros > 1)
    assert 0.2 < share[0] < 0.6


def test_unknown_and_certain_points() -> None:
    chips = np.array([[0.5, np.nan, np.nan], [0.4, 0.4, 0.4], [0.2, 0.3, 0.4]])
    unknown = np.array([True, False, False])
    found = front_probability([np.array([1.0, 2.0, 3.0]), ChipMeans(chips)], unknown)
    assert np.isnan(found[0]) and found[1] > 0.9 and found[2] == 1.0
    none = front_probability([np.array([1.0, 2.0]), ChipMeans(chips[:2] * np.nan)], np.zeros(2, bool))
    assert list(none) == [0.0, 0.0], "points without a chip are on no front"
    exact = front_probability([np.array([1.0, 2.0]), np.array([5.0, 6.0])], np.zeros(2, bool))
    assert list(exact) == [0.0, 1.0]
