# SPDX-License-Identifier: Apache-2.0
"""Where accuracy falls off: the steepest step between neighbouring values of a parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from acimsweep.report.columns import is_number
from acimsweep.results import Results

# A fall is called a cliff only where intervals are apart by this much and the step makes up at
# least this share of all that is lost along its line. Both are conventions, not statistics.
_APART = 0.02
_SHARE = 0.5


@dataclass(frozen=True)
class Step:
    """Accuracy from the better to the worse of two neighbouring values on one line of the grid."""

    parameter: str
    better: float
    worse: float
    fall: float   # of the means, 0..1
    apart: float  # low end of the better interval minus high end of the worse one


def cliff_sentence(results: Results, key: str) -> str:
    """Names the cliff, or says why none is named; "" where nothing numeric is swept."""
    names = [n for n in results.parameters
             if is_number(results.points[n]) and results.points[n].nunique() >= 3]
    if not names:
        return ""
    if not _has_intervals(results, key):
        return ("Where accuracy falls off is not said: without intervals (two or more chips) a "
                "step cannot be told from luck.")
    found = [s for s in (_dominant(results, key, name) for name in names) if s]
    if not found:
        return (f"There is no cliff: no single step of one parameter, with the others held, loses "
                f"more than {100 * _APART:.0f} points beyond the intervals and half of its line.")
    found.sort(key=lambda item: -item[0].fall)
    return "The steepest step: " + "; ".join(_text(*item) for item in found) + "."


def _text(step: Step, lines: int, of: int) -> str:
    where = f"on {lines} of {of} lines of the grid" if of > 1 else "with the rest held"
    return (f"{step.parameter} from {step.better:g} to {step.worse:g} costs up to "
            f"{100 * step.fall:.1f} points ({where} intervals are at least "
            f"{100 * step.apart:.1f} points apart)")


def _dominant(results: Results, key: str, name: str) -> tuple[Step, int, int] | None:
    """The step of a parameter that is the cliff on more than half of its lines: the largest such
    step, with the smallest distance of intervals among them; how many lines, of how many."""
    others = [n for n in results.parameters if n != name]
    table = results.points[results.points[key].notna() & results.points[name].notna()]
    keys = others[0] if len(others) == 1 else others
    groups = [g for _, g in table.groupby(keys, dropna=False)] if others else [table]
    lines = [line for line in groups if line[name].nunique() == len(line) >= 3]
    grid = sorted(table[name].unique())
    steps = [s for s in (_cliff_of(line, name, key) for line in lines)
             if s and abs(grid.index(s.better) - grid.index(s.worse)) == 1]
    if not steps:
        return None
    places = pd.Series([(s.better, s.worse) for s in steps])
    place = places.value_counts(sort=True).index[0]
    same = [s for s in steps if (s.better, s.worse) == place]
    if 2 * len(same) <= len(lines):
        return None
    largest = max(same, key=lambda s: s.fall)
    apart = min(s.apart for s in same)
    return (Step(name, largest.better, largest.worse, largest.fall, apart), len(same), len(lines))


def _cliff_of(line: pd.DataFrame, name: str, key: str) -> Step | None:
    line = line.sort_values(name)
    value, mean = line[name].to_numpy(float), line[key].to_numpy(float)
    low, high = line[f"{key}_ci_low"].to_numpy(float), line[f"{key}_ci_high"].to_numpy(float)
    rise = np.diff(mean)
    i = int(np.argmax(np.abs(rise)))
    better, worse = (i + 1, i) if rise[i] > 0 else (i, i + 1)
    apart = low[better] - high[worse]
    whole = mean.max() - mean.min()
    if np.isnan(apart) or apart < _APART or abs(rise[i]) < _SHARE * whole:
        return None
    return Step(name, value[better], value[worse], float(abs(rise[i])), float(apart))


def _has_intervals(results: Results, key: str) -> bool:
    low = f"{key}_ci_low"
    return (low in results.points and f"{key}_ci_high" in results.points
            and bool(results.points[low].notna().any()))
