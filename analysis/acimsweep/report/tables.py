# SPDX-License-Identifier: Apache-2.0
"""Points and layers as plain lists that become the page's JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from acimsweep.names import prefixed
from acimsweep.objectives import known_objectives
from acimsweep.report.columns import Column, describe, is_number, label
from acimsweep.results import Results

_LARGEST_EXACT = 2**53  # beyond it a number of JavaScript is not the integer that was written
_LEFT_OUT = ("point_json", "network_hash")
_LAYER_DIGITS = 6
# Objectives that follow others closely: in menus, but not among the first columns and axes.
_SECONDARY = ("agreement", "loss", "bit_tops_per_watt", "tops")


def page_data(results: Results) -> dict[str, Any]:
    """Everything that the page's script reads. Numbers that are not finite are None."""
    points = results.points
    known = {objective.column: objective for objective in known_objectives(points)}
    columns = [describe(key, points[key], results, known)
               for key in points.columns if key not in _LEFT_OUT]
    return {
        "count": len(points),
        "index": [int(i) for i in points.index],
        "columns": [_entry(column, points[column.key]) for column in columns],
        "values": {column.key: values_of(points[column.key]) for column in columns},
        "objectives": [{"key": key, "better": "max" if objective.maximise else "min",
                        "main": key not in _SECONDARY, **_interval(key, results)} for key, objective in known.items()],
        "layers": layer_data(results),
    }


def known(results: Results, key: str) -> bool:
    """True if a numeric column has a finite value."""
    if key not in results.points or not is_number(results.points[key]):
        return False
    return bool(np.isfinite(results.points[key].to_numpy(dtype=float)).any())


def layer_data(results: Results) -> dict[str, Any]:
    """Layers column by column, of six digits, sorted by point; empty where the file has none."""
    layers = results.layers
    if layers.empty or "point" not in layers or "layer" not in layers:
        return {"columns": [], "point": []}
    layers = layers.sort_values("point", kind="stable")
    names = [n for n in layers.columns if n not in ("point", "layer")]
    columns = []
    for name in names:
        unit, factor = _layer_unit(name, layers[name])
        columns.append({"key": name, "label": _LAYER_LABELS.get(name, label(name)), "unit": unit,
                        "factor": factor, "values": values_of(layers[name], _LAYER_DIGITS)})
    codes, texts = pd.factorize(layers["layer"].astype(str))
    return {"columns": columns, "point": [int(p) for p in layers["point"]],
            "layer": codes.tolist(), "names": [str(text) for text in texts]}


_LAYER_LABELS = {
    "path": "Sampling", "row_groups": "Row groups", "row_utilisation": "Rows used",
    "adc_lo": "ADC from", "adc_hi": "ADC to", "conversions": "Conversions", "energy": "Energy",
    "outputs": "Outputs", "error_mean": "Error, mean", "error_sd": "Error, sd",
    "output_sd": "Output, sd", "csnr": "CSNR", "sqnr": "SQNR", "latency": "Latency",
    "operations": "Operations", "activity": "Activity",
}


def _layer_unit(name: str, values: pd.Series) -> tuple[str, float]:
    if name == "energy" or name.startswith("energy_"):
        return prefixed("J", values)
    if name == "latency":
        return prefixed("s", values)
    if name in ("row_utilisation", "activity"):
        return "%", 100.0
    return {"csnr": "dB", "sqnr": "dB", "adc_lo": "FS", "adc_hi": "FS"}.get(name, ""), 1.0


def _interval(key: str, results: Results) -> dict[str, str]:
    low, high = f"{key}_ci_low", f"{key}_ci_high"
    if low in results.points and high in results.points:
        return {"low": low, "high": high}
    return {}


def _entry(column: Column, values: pd.Series) -> dict[str, Any]:
    return asdict(column) | {"kind": "number" if is_number(values) else "text"}


def values_of(values: pd.Series, digits: int | None = None) -> list[Any]:
    """Values for JSON: exact integers, floats (rounded to `digits`), text; None if not finite."""
    return [_value(value, digits) for value in values.tolist()]


def _value(value: Any, digits: int | None) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST_EXACT else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        if value.is_integer() and abs(value) < _LARGEST_EXACT:
            return int(value)
        return value if digits is None else float(f"{value:.{digits}g}")
    return "" if value is None else str(value)


def to_json(data: Any) -> bytes:
    """Compact JSON in UTF-8 that is safe inside a script element and as a literal of JavaScript."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").encode()
