# SPDX-License-Identifier: Apache-2.0
"""What the page says about a column: label, unit, scale, and whether it is an objective."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from acimsweep.design_front import PROBABILITY
from acimsweep.names import prefixed
from acimsweep.objectives import Objective
from acimsweep.results import Results

# Fractions that are shown in percent.
_PERCENT = (PROBABILITY, "agreement", "float_accuracy", "baseline_accuracy")
_UNITS = {"1": "", "percent_fs": "% FS", "lsb": "LSB", "1e12/J": "TOPS/W", "1e12/s": "TOPS",
          "1e12/s/mm2": "TOPS/mm²", "mm2": "mm²"}
_LABELS = {
    PROBABILITY: "P(front)",
    "float_accuracy": "Accuracy of the float network",
    "baseline_accuracy": "Accuracy of the noise-free quantised network",
    "status": "Status",
    "n_chips": "Chips",
    "n_trials": "Trials",
    "technology": "Technology",
    "point_id": "Point id",
}
# For narrow places.
_SHORT = {
    "accuracy": "Accuracy", "agreement": "Agreement", "tops_per_watt": "Efficiency",
    "bit_tops_per_watt": "Efficiency", "energy": "Energy", "latency": "Latency",
    "tops_per_mm2": "Density", "loss": "Loss",
}
# Of their own wording here, where two labels of efficiency stand side by side.
_OBJECTIVES = {"bit_tops_per_watt": ("Efficiency, 1-bit normalised", "1b-TOPS/W"),
               "tops_per_watt": ("Energy efficiency", "TOPS/W")}


@dataclass(frozen=True)
class Column:
    """key: name in the file; shown value = stored value * factor, in `unit`; short: a label for
    narrow places."""

    key: str
    label: str
    short: str
    unit: str
    factor: float
    role: str  # parameter, objective, estimate (P(front)), interval, identity or other


def describe(key: str, values: pd.Series, results: Results,
             objectives: dict[str, Objective]) -> Column:
    """Label, unit and scale of a column of the points; SI prefixes follow the median.

    objectives: the known ones, by column.
    """
    role = _role(key, results, objectives)
    if role == "objective":
        objective = objectives[key]
        name, unit = _OBJECTIVES.get(key, (objective.label, objective.unit))
        return Column(key, name, _SHORT.get(key, name), unit, objective.factor, role)
    unit = results.units.get(key, "")
    factor = 1.0
    if is_number(values) and (key in _PERCENT or key.startswith(("accuracy_", "yield_"))):
        unit, factor = "%", 100.0
    elif unit in ("J", "s") and role != "parameter":
        unit, factor = prefixed(unit, values)
    else:
        unit = _UNITS.get(unit, unit)
    name = key if role == "parameter" else label(key)
    return Column(key, name, name, unit, factor, role)


def label(key: str) -> str:
    """What a column is called on the page."""
    if key in _LABELS:
        return _LABELS[key]
    if key.startswith("energy_"):
        return "Energy, " + key.removeprefix("energy_").replace("_", " ")
    return key.replace("_", " ")


def is_number(values: pd.Series) -> bool:
    """True for numeric and boolean columns."""
    return bool(pd.api.types.is_numeric_dtype(values))


def _role(key: str, results: Results, objectives: dict[str, Objective]) -> str:
    if key in results.parameters:
        return "parameter"
    if key in objectives:
        return "objective"
    if key in ("point_id", "point_json", "network_hash"):
        return "identity"
    if key == PROBABILITY:
        return "estimate"
    return "interval" if key.endswith(("_ci_low", "_ci_high")) else "other"
