# SPDX-License-Identifier: Apache-2.0
"""Which chips a plan with a stop rule (trials.stop) needs, as the program decides it
(docs/statistics.md)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from acimsweep.intervals import student_t_quantile
from acimsweep.results import ResultsError

_ROUNDING = 1e-9  # relative: a half-width is a rounded sum


def rounds_of(first: int, chips: int) -> list[int]:
    """Chips after each round, ascending up to `chips`: each adds half of what there is, rounded up."""
    rounds = []
    while first < chips:
        rounds.append(first)
        first += -(-first // 2)
    return [*rounds, chips]


def needed_chips(plan: dict[str, Any], table: pd.DataFrame) -> np.ndarray:
    """Chips int64 [points] that each point needs as far as its trials say: all of the plan without a
    rule, else those up to the first round that is not complete or that is enough.

    plan: as plan.json has it. table: rows of trials with point, chip, repeat, n_images, correct.
    """
    needed = np.full(len(plan["points"]), plan["chips"], np.int64)
    if "stop" not in plan:
        return needed
    _check(plan["stop"])
    chips = _chip_means(plan, table)
    going = np.ones(len(needed), bool)
    for count in rounds_of(plan["stop"]["first_chips"], plan["chips"]):
        early = chips[chips["chip"] < count].groupby("point")["accuracy"].agg(["size", "std"])
        early = early.reindex(range(len(needed)), fill_value=0)
        complete = (early["size"] == count).to_numpy()
        ends = going & ~(complete & (_half_width(plan, early["std"], count)
                                     > plan["stop"]["half_width"] * (1 + _ROUNDING)))
        needed[ends] = count
        going &= ~ends
    return needed


def _check(rule: Any) -> None:
    """Raises ResultsError for what no program writes."""
    kinds = isinstance(rule, dict) and isinstance(rule.get("first_chips"), int) and isinstance(
        rule.get("half_width"), float)
    if not kinds or not 2 <= rule["first_chips"] < 1 << 32 or not 0.0 < rule["half_width"] < 1.0:
        raise ResultsError(f"plan.json: damaged plan (stop: {rule}). Remove it and run the sweep "
                           "again: stored trials are kept")


def _chip_means(plan: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """Point, chip and accuracy of each chip whose repeats have all seen all images."""
    trials = table.groupby(["point", "chip", "repeat"])[["n_images", "correct"]].sum()
    trials = trials[trials["n_images"] == plan["images"]]
    accuracy = trials["correct"] / (plan["images"] * plan.get("positions", 1))
    chips = accuracy.groupby(["point", "chip"]).agg(["size", "mean"]).reset_index()
    return chips[chips["size"] == plan["repeats"]].rename(columns={"mean": "accuracy"})


def _half_width(plan: dict[str, Any], deviation: pd.Series, chips: int) -> np.ndarray:
    """Of the 95 % interval over chips, at least half an item: [points]."""
    if chips < 2:
        return np.full(len(deviation), np.inf)
    least = 0.5 / (plan["images"] * plan.get("positions", 1))
    half = student_t_quantile(0.975, chips - 1.0) * deviation.to_numpy() / np.sqrt(chips)
    return np.maximum(least, half)
