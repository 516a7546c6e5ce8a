# SPDX-License-Identifier: Apache-2.0
"""How results and fronts show themselves: a line at a prompt, a short table in a notebook."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pandas as pd

from acimsweep.names import short_name
from acimsweep.results import Results, ResultsError

if TYPE_CHECKING:
    from acimsweep.design_front import DesignFront

_ROWS = 12
_COLUMNS = ("status", "n_chips", "accuracy", "accuracy_ci_low", "accuracy_ci_high", "perplexity",
            "energy", "tops_per_watt")


def results_line(results: Results) -> str:
    """Name, points and what they sweep, trials of a point, state and path."""
    try:
        count = len(results.points)
    except (ResultsError, OSError):
        return f"<Results {_name(results)}: replaced since it was opened, {results.path}>"
    attrs = results.attrs
    swept = ", ".join(short_name(name) for name in results.parameters)
    parts = [_counted(count, "point") + (f" over {swept}" if swept else "")]
    if "chips" in attrs:
        parts.append(" x ".join(_counted(int(attrs.get(name, 1)), name[:-1])
                                for name in ("chips", "repeats", "images")))
    parts.append("complete" if attrs.get("sweep_complete") else "incomplete")
    return f"<Results {_name(results)}: {'; '.join(parts)}; {results.path}>"


def results_html(results: Results) -> str:
    """The line and the first and last points with their main columns."""
    line = results_line(results)
    if "replaced since" in line:
        return _paragraph(line)
    names = [n for n in (*results.parameters, *_COLUMNS) if n in results.points]
    return _paragraph(line) + _table(results.points[names])


def front_line(found: DesignFront) -> str:
    """Points on the front, objectives with their direction, and the hypervolume."""
    ways = " and ".join(f"{o.name.partition(':')[0]} ({'max' if o.maximise else 'min'})"
                        for o in found.objectives)
    parts = [f"{len(found.front)} of {_counted(len(found.table), 'point')} on the front of {ways}"]
    if found.group_by is None:
        parts.append(f"hypervolume {found.hypervolumes[None].normalised:.4f}")
    else:
        groups = _counted(len(found.hypervolumes), "group")
        parts.append(f"in {groups} by {short_name(found.group_by)}")
    return f"<DesignFront {_name(found.results)}: {'; '.join(parts)}>"


def front_html(found: DesignFront) -> str:
    """The line and the points of the front: parameters, objectives and probability."""
    names = [*found.results.parameters, *(o.column for o in found.objectives), "front_probability"]
    return _paragraph(front_line(found)) + _table(found.front[list(dict.fromkeys(names))])


def _name(results: Results) -> str:
    return str(results.attrs.get("sweep_name") or results.attrs.get("title") or "of no name")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text.strip('<>'))}</p>"


def _table(table: pd.DataFrame) -> str:
    return table.to_html(max_rows=_ROWS, notebook=True, float_format="{:.6g}".format)
