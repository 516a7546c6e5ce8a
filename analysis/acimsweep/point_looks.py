# SPDX-License-Identifier: Apache-2.0
"""Which colour and shape a point has in a plot of a front, and its parameters in short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import pandas as pd

from acimsweep import style
from acimsweep.accuracy_figure import BITS, SIGMA
from acimsweep.design_front import DesignFront

_COLOURS = 8  # values of a parameter that colours can tell apart
_LONGEST = 20  # characters of a text in a label
_FEW = 3  # values that a label lists
_SHORT = {BITS: "{} b", "macro.rows": "{} rows", SIGMA: "σ {}", "weight_bits": "W{}",
          "activation_bits": "A{}", "macro.bits_per_cycle": "{} b/cycle"}


@dataclass(frozen=True)
class Looks:
    """Colours by the values of one column, shapes by those of another.

    colour_key: the groups, the noise, or the first parameter of few values; None where nothing tells
    points apart. shape_key: the next parameter of few values; colour_key itself where there is none.
    A point without a value is grey, or a circle.
    """

    colour_key: str | None
    colours: Mapping[Any, Any]
    shape_key: str | None
    shapes: Mapping[Any, str]

    def series(self, table: pd.DataFrame) -> Iterator[tuple[str, Any, pd.DataFrame]]:
        """Marker, colour and rows of the points that look the same, in the order of the values."""
        if self.colour_key is None:
            yield style.MARKERS[0], style.PALETTE[0], table
            return
        looks = pd.DataFrame({"colour": self._order(table, self.colour_key, self.colours),
                              "shape": self._order(table, self.shape_key, self.shapes)})
        for (colour, shape), places in looks.groupby(["colour", "shape"]).indices.items():
            yield (style.MARKERS[max(0, shape)],
                   style.GREY if colour < 0 else list(self.colours.values())[colour],
                   table.iloc[places])

    def markers(self, table: pd.DataFrame) -> list[str]:
        """The marker of each row."""
        return [style.MARKERS[max(0, place)]
                for place in self._order(table, self.shape_key, self.shapes)]

    @staticmethod
    def _order(table: pd.DataFrame, key: str | None, known: Mapping[Any, Any]) -> list[int]:
        places = {value: place for place, value in enumerate(known)}
        return [0] * len(table) if key is None else [places.get(v, -1) for v in table[key]]


def looks_of(found: DesignFront) -> Looks:
    """The looks of the compared points."""
    counts = {n: found.table[n].nunique() for n in found.results.parameters}
    few = [n for n, count in counts.items() if 1 < count <= _COLOURS]
    if found.group_by:
        colour = found.group_by
    elif counts.get(SIGMA, 0) > 1:
        colour = SIGMA
    elif few:
        colour = few[0]
    else:
        return Looks(None, {}, None, {})
    values = sorted(found.table[colour].dropna().unique())
    shape = next((n for n, count in counts.items()
                  if n != colour and 1 < count <= len(style.MARKERS)), colour)
    shaped = sorted(found.table[shape].dropna().unique())
    return Looks(colour, dict(zip(values, style.series_colours(values))), shape,
                 {value: style.MARKERS[i % len(style.MARKERS)] for i, value in enumerate(shaped)})


def short_text(found: DesignFront, rows: pd.DataFrame) -> str:
    """What a label says of points that lie on each other: all swept parameters that vary, in short.

    "6 b · 144 rows"; values that they do not share stand side by side where that says it all, as
    "8 b · σ 0/0.02"; else the first point and how many more there are.
    """
    names = [n for n in found.results.parameters if found.table[n].nunique(dropna=False) > 1]
    parts = {n: list(dict.fromkeys(_value(v) for v in rows[n])) for n in names}
    several = [n for n in names if len(parts[n]) > 1]
    listed = len(several) < 2 and all(len(parts[n]) <= _FEW for n in several)
    more = "" if listed or len(rows) == 1 else f" (+{len(rows) - 1})"
    texts = [_form(found, n).format("/".join(parts[n] if listed else parts[n][:1]))
             for n in names if parts[n] != [""]]
    return " · ".join(texts) + more


def _form(found: DesignFront, name: str) -> str:
    if name in _SHORT:
        return _SHORT[name]
    if not pd.api.types.is_numeric_dtype(found.table[name]):
        return "{}"
    ends = [n.rsplit(".", 1)[-1] for n in found.results.parameters]
    end = name.rsplit(".", 1)[-1]
    unit = found.results.units.get(name, "")
    if unit and end.endswith(f"_{unit}"):
        stem, value = end.removesuffix(f"_{unit}"), f"{{}} {unit}"
    else:
        stem, value = end.partition("_pct")[0], "{}"
    return (stem if ends.count(end) == 1 else style.short_name(name)) + f" {value}"


def _value(value: Any) -> str:
    if value is None or value != value:  # NaN: the point does not have the key
        return ""
    text = style.value_text(value)
    if text.endswith(".yaml"):
        text = PurePath(text).stem
    return text if len(text) <= _LONGEST else text[:_LONGEST - 1].rstrip() + "…"
