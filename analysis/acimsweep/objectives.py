# SPDX-License-Identifier: Apache-2.0
"""What design points are compared by: accuracy, yield, efficiency, and any numeric column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from acimsweep.chips import chip_matrix, deterministic_points
from acimsweep.columns import SelectionError, near, resolve
from acimsweep.membership import ChipMeans
from acimsweep.names import prefixed, short_name
from acimsweep.results import Results
from acimsweep.yields import yield_at

DEFAULT = "accuracy,tops_per_watt"


@dataclass(frozen=True)
class Objective:
    """One quantity to make large or small.

    name: as given. column: of the design table. unit: in which people read it, factor: from the
    stored unit to it. chip_measure: the measure of a chip that it is the mean of, or a function
    of that mean; empty where it does not come from chips. estimated: it does come from chips.
    """

    name: str
    column: str
    maximise: bool
    label: str
    unit: str = ""
    factor: float = 1.0
    chip_measure: str = ""
    function: Callable[[np.ndarray], np.ndarray] | None = None
    spec: float | None = None

    @property
    def sign(self) -> float:
        """1 where more is better, else -1."""
        return 1.0 if self.maximise else -1.0

    @property
    def estimated(self) -> bool:
        """True where the value comes from the simulated chips, so that other chips may give another."""
        return bool(self.chip_measure) or self.column.startswith("accuracy_")

    @property
    def axis_label(self) -> str:
        """Label and unit, for an axis."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label

    def values(self, table: pd.DataFrame) -> np.ndarray:
        """Stored values [rows], negated where less is better."""
        return self.sign * table[self.column].to_numpy(float)

    def shown(self, values: np.ndarray | float) -> np.ndarray:
        """Stored values in the unit that people read."""
        return self.factor * np.asarray(values, float)

    def interval(self, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray] | None:
        """Ends of the 95 % interval [rows] in the stored unit, or None where there is none."""
        low, high = f"{self.column}_ci_low", f"{self.column}_ci_high"
        if low not in table or high not in table:
            return None
        return table[low].to_numpy(float), table[high].to_numpy(float)

    def sampled(self, results: Results, rows: np.ndarray) -> ChipMeans | None:
        """Its values on each chip, for the bootstrap; None where it is no mean over chips.

        rows: bool or indices into points.
        """
        if not self.chip_measure:
            return None
        matrix = chip_matrix(results, self.chip_measure)[0][rows]
        if self.spec is not None:
            matrix = np.where(np.isnan(matrix), np.nan, matrix >= self.spec)
        return ChipMeans(matrix, self.sign, self.function)


_KNOWN = {o.name: o for o in (
    Objective("accuracy", "accuracy", True, "Top-1 accuracy", "%", 100.0, "accuracy"),
    Objective("yield", "yield", True, "Yield", "%", 100.0, "accuracy"),
    Objective("agreement", "agreement", True, "Agreement with the noise-free network", "%", 100.0,
              "agreement"),
    Objective("loss", "loss", False, "Cross-entropy", "nat", 1.0, "loss"),
    Objective("perplexity", "perplexity", False, "Perplexity", "", 1.0, "loss", np.exp),
    Objective("tops_per_watt", "tops_per_watt", True, "Energy efficiency", "TOPS/W, native bits"),
    Objective("bit_tops_per_watt", "bit_tops_per_watt", True, "Energy efficiency", "1b-TOPS/W"),
    Objective("tops", "tops", True, "Throughput", "TOPS"),
    Objective("tops_per_mm2", "tops_per_mm2", True, "Compute density", "TOPS/mm²"),
    Objective("area", "area", False, "Area", "mm²"),
    Objective("energy", "energy", False, "Energy per inference", "J"),
    Objective("latency", "latency", False, "Latency per inference", "s"),
)}


def design_table(results: Results, spec: float | None = None) -> pd.DataFrame:
    """The points, with yield, yield_ci_low and yield_ci_high where a specification is given."""
    if spec is None:
        return results.points
    found = yield_at(results, spec).rename(
        columns={"low": "yield_ci_low", "high": "yield_ci_high"})
    return results.points.join(found[["yield", "yield_ci_low", "yield_ci_high"]])


def known_objectives(table: pd.DataFrame) -> list[Objective]:
    """The objectives that are known by name and have a finite value in the table, with units that
    suit its values."""
    return [_scaled(objective, table) for objective in _KNOWN.values()
            if objective.column in table.select_dtypes("number")
            and np.isfinite(table[objective.column].to_numpy(float)).any()]


def parse_objectives(text: str, table: pd.DataFrame, units: dict[str, str],
                     spec: float | None = None) -> list[Objective]:
    """Objectives from "accuracy,energy" or "accuracy,macro.rows:min": two or three.

    A name known here has its own direction; any other numeric column needs :max or :min.
    SelectionError where a name is unknown, stands twice, or needs a specification.
    """
    names = [name.strip() for name in text.split(",")]
    if not 2 <= len(names) <= 3 or not all(names):
        raise SelectionError(f"objectives '{text}': name two or three, as in '{DEFAULT}'")
    objectives = [_objective(name, table, units, spec) for name in names]
    columns = [o.column for o in objectives]
    if len(set(columns)) != len(columns):
        raise SelectionError(f"objectives '{text}': one stands twice")
    return objectives


def _objective(text: str, table: pd.DataFrame, units: dict[str, str],
               spec: float | None) -> Objective:
    name, _, direction = text.partition(":")
    if direction not in ("", "max", "min"):
        raise SelectionError(f"objective '{text}': the direction is max or min, not '{direction}'")
    if name == "yield" and spec is None:
        raise SelectionError("objective 'yield': the share of chips that reach which accuracy? Give "
                             "the specification, as in --spec 0.90")
    numeric = [str(c) for c in table.select_dtypes("number")]
    known = _KNOWN.get(name)
    if known is not None and name in numeric:
        found = _scaled(known, table)
        if direction:
            found = replace(found, maximise=direction == "max")
        if name == "yield" and spec is not None:
            found = replace(found, spec=spec, label=f"Yield at accuracy ≥ {100 * spec:g} %")
        return found
    if known is not None:
        raise SelectionError(f"objective '{name}': these results have no column '{name}'. "
                             f"{near(name, numeric)}")
    try:
        column = resolve(name, numeric, "objective")
    except SelectionError:
        if name in table:
            raise SelectionError(f"objective '{name}': the column is text") from None
        raise SelectionError(f"no objective is called '{name}'. "
                             f"{near(name, [*_KNOWN, *numeric])}") from None
    if not direction:
        raise SelectionError(f"objective '{name}': say which way is better, '{name}:max' or "
                             f"'{name}:min'")
    unit = units.get(column, "")
    return Objective(name, column, direction == "max", short_name(column),
                     "" if unit == "1" else unit)


def _scaled(objective: Objective, table: pd.DataFrame) -> Objective:
    """With a prefix of the unit that keeps joules and seconds between 1 and 1000."""
    if objective.unit not in ("J", "s"):
        return objective
    unit, factor = prefixed(objective.unit, table[objective.column])
    return replace(objective, unit=unit, factor=factor)


def unknown_points(results: Results, objectives: list[Objective]) -> np.ndarray:
    """bool [points]: one objective at least comes from chips in a way that their number does not
    support (a noisy point with one chip) or that is no mean over them (a percentile)."""
    noisy = ~deterministic_points(results)
    if any(o.estimated and not o.chip_measure for o in objectives):
        return noisy
    if not any(o.chip_measure for o in objectives):
        return np.zeros(len(noisy), bool)
    chips = (~np.isnan(chip_matrix(results)[0])).sum(axis=1)
    return noisy & (chips < 2)
