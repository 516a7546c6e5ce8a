# SPDX-License-Identifier: Apache-2.0
"""The table that `acimsweep pareto` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from acimsweep.design_front import ON_FRONT, PROBABILITY, DesignFront
from acimsweep.dominated_volume import Hypervolume
from acimsweep.objectives import Objective

_NO_INTERVAL = "one chip: none"


def pareto_text(found: DesignFront) -> str:
    """Head line, a row for each compared point, and the hypervolume.

    Rows begin with the number of the point, as in Results.points and in the report. Numbers are written
    as the program writes them, which prints the same table without its last column where Python is
    missing.
    """
    results, table = found.results, found.table
    name = results.attrs.get("sweep_name", results.attrs.get("title", ""))
    head = (f"{name}: {len(table)} of {len(results.points)} points"
            f"{_baseline_text(results.points)}\n")
    columns = [("point", [str(number) for number in table.index])]
    columns += [_parameter(n, table[n]) for n in results.parameters]
    columns += [c for c in _results_columns(found) if c]
    columns += _objective_columns(found)
    columns += _yield_columns(found)
    columns.append(("front", ["*" if on else "" for on in table[ON_FRONT]]))
    columns.append(("P(front)", _column(table[PROBABILITY], "{:.3f}".format)))
    lines = _lines(columns)
    volumes = [_volume_line(found.objectives, value, volume, found.group_by)
               for value, volume in found.hypervolumes.items()]
    return head + "".join(line + "\n" for line in [*lines, *volumes])


def _lines(columns: list[tuple[str, list[str]]]) -> Iterable[str]:
    widths = [max(len(cell) for cell in [name, *cells]) for name, cells in columns]
    rows = [[name for name, _ in columns], *zip(*(cells for _, cells in columns))]
    return ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths)) for row in rows]


def _column(values: Iterable[float], text: Callable[[float], str]) -> list[str]:
    return ["-" if np.isnan(v) else text(v) for v in values]


def _parameter(name: str, values: pd.Series) -> tuple[str, list[str]]:
    if pd.api.types.is_numeric_dtype(values):
        return name, _column(values, "{:.6g}".format)
    return name, list(values)


def _interval(low: Iterable[float], high: Iterable[float], text: str, factor: float) -> list[str]:
    return [_NO_INTERVAL if np.isnan(a) else f"{factor * a:{text}} .. {factor * b:{text}}"
            for a, b in zip(low, high)]


def _results_columns(found: DesignFront) -> Iterable[tuple[str, list[str]]]:
    """What every table shows, of what the file holds."""
    t = found.table
    if "perplexity" in t:
        yield "perplexity", _column(t["perplexity"], "{:.4g}".format)
        if "perplexity_ci_low" in t:
            yield "95 % over chips", _interval(t["perplexity_ci_low"], t["perplexity_ci_high"],
                                               ".4g", 1.0)
    if "accuracy" in t:
        yield "accuracy %", _column(100 * t["accuracy"], "{:.2f}".format)
        if "accuracy_ci_low" in t:
            yield "95 % over chips", _interval(t["accuracy_ci_low"], t["accuracy_ci_high"],
                                               ".2f", 100.0)
        if "accuracy_image_half_width" in t:
            yield "+- images %", _column(100 * t["accuracy_image_half_width"], "{:.1f}".format)
    if "energy" in t:
        yield "energy nJ", _column(1e9 * t["energy"], "{:.1f}".format)
    if "tops_per_watt" in t:
        yield "TOPS/W", _column(t["tops_per_watt"], "{:.2f}".format)


def _objective_columns(found: DesignFront) -> list[tuple[str, list[str]]]:
    """Objectives that the table would not show otherwise, with their intervals."""
    shown = {"perplexity", "accuracy", "energy", "tops_per_watt", *found.results.parameters}
    columns = []
    for objective in found.objectives:
        if objective.column in shown:
            continue
        unit = objective.unit.replace("²", "2").replace("µ", "u")
        title = f"{objective.name.partition(':')[0]} {unit}".strip()
        values = objective.shown(found.table[objective.column])
        columns.append((title, _column(values, "{:.4g}".format)))
        interval = objective.interval(found.table)
        if interval:
            columns.append(("95 %", _interval(*interval, ".4g", objective.factor)))
    return columns


def _yield_columns(found: DesignFront) -> list[tuple[str, list[str]]]:
    """The yield where a specification was given and no objective asks for it."""
    table = found.table
    if "yield" not in table or any(o.column == "yield" for o in found.objectives):
        return []
    return [("yield %", _column(100 * table["yield"], "{:.4g}".format)),
            ("95 %", _interval(table["yield_ci_low"], table["yield_ci_high"], ".4g", 100.0))]


def _baseline_text(points: pd.DataFrame) -> str:
    """What the noise-free quantised networks of the points reach."""
    if "baseline_accuracy" not in points:
        return ""

    def span(column: str, factor: float, text: str) -> str:
        low, high = factor * points[column].min(), factor * points[column].max()
        return (f"{low:{text}} to " if low != high else "") + f"{high:{text}}"

    text = ", noise-free quantised network " + span("baseline_accuracy", 100.0, ".2f") + " %"
    if "baseline_perplexity" in points:
        text += ", perplexity " + span("baseline_perplexity", 1.0, ".4g")
    return text


def _volume_line(objectives: list[Objective], value: object, volume: Hypervolume,
                 group: str | None) -> str:
    names = [o.name.partition(":")[0] for o in objectives]
    reference = ", ".join(f"{n} {o.shown(v):.4g} {o.unit.partition(',')[0]}".strip()
                          for n, o, v in zip(names, objectives, volume.reference))
    where = "" if group is None else f" where {group} = {value}"
    share = ("- (an objective does not vary)" if np.isnan(volume.normalised)
             else f"{volume.normalised:.4f}")
    return f"hypervolume{where}: {share} of the box from ({reference}) to the best of each"
