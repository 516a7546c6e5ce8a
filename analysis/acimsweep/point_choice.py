# SPDX-License-Identifier: Apache-2.0
"""The number of the one point with given values of swept parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from acimsweep.columns import SelectionError, near
from acimsweep.names import short_name, value_text
from acimsweep.results import Results

_ROUNDING = 1e-9  # relative: 0.1 + 0.2 finds 0.3
_SHOWN = 12


def choose_point(results: Results, values: Mapping[str, Any]) -> int:
    """The point with these values; of several points one cannot be chosen by nothing.

    Names are whole paths of swept parameters or endings of them that only one has, dots as they are
    or as underscores: adc.bits, adc_bits and macro_adc_bits. None: a point without the key.
    Raises SelectionError with what there is, where no point or more than one fits.
    """
    points = results.points
    fits = np.ones(len(points), bool)
    for name, value in values.items():
        key = _parameter(results, name)
        found = fits & _equal(points[key], value)
        if not found.any():
            there = f"; there are {_values(points[key][fits])}" if fits.any() else ""
            raise SelectionError(f"{results.path}: no point with {_asked(values)}: "
                                 f"{short_name(key)} is never {_text(value)}{there}")
        fits = found
    if fits.sum() == 1:
        return int(points.index[np.argmax(fits)])
    raise SelectionError(_several(results, points[fits], values))


def _parameter(results: Results, name: str) -> str:
    wanted = _plain(name)
    exact = [key for key in results.parameters if _plain(key) == wanted]
    found = exact or [key for key in results.parameters if wanted in _endings(key)]
    if len(found) == 1:
        return found[0]
    if found:
        raise SelectionError(f"{results.path}: '{name}' could be {' or '.join(found)}. Give more of "
                             "the path")
    there = near(name, results.parameters) if results.parameters else "Nothing is swept"
    raise SelectionError(f"{results.path}: no swept parameter is called '{name}'. {there}")


def _endings(key: str) -> set[str]:
    parts = key.split(".")
    return {_plain(".".join(parts[i:])) for i in range(len(parts))}


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _equal(column: pd.Series, value: Any) -> np.ndarray:
    """bool [points]."""
    if value is None:
        return (column.isna() | (column == "")).to_numpy(bool)
    if pd.api.types.is_numeric_dtype(column):
        if not isinstance(value, (bool, int, float, np.number, np.bool_)):
            return np.zeros(len(column), bool)
        return np.isclose(column.to_numpy(float), float(value), rtol=_ROUNDING, atol=0.0)
    texts = {value} if isinstance(value, str) else {json.dumps(value), value_text(value)}
    texts |= {text.replace(", ", ",") for text in texts}
    return column.isin(texts).to_numpy(bool)


def _several(results: Results, points: pd.DataFrame, values: Mapping[str, Any]) -> str:
    given = {_parameter(results, name) for name in values}
    open_ones = [n for n in results.parameters if n not in given and points[n].nunique() > 1]
    more = "; ".join(f"{short_name(n)} ({_values(points[n])})" for n in open_ones)
    which = f" with {_asked(values)}" if values else ""
    return (f"{results.path}: {len(points)} points{which}. "
            + (f"Give also {more}" if more else "Give the number, as point(0)"))


def _asked(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_text(value)}" for name, value in values.items())


def _values(column: pd.Series) -> str:
    known = [value_text(v) for v in column.drop_duplicates()]
    return ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more"
                                        if len(known) > _SHOWN else "")


def _text(value: Any) -> str:
    return "None" if value is None else value_text(value)
