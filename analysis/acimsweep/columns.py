# SPDX-License-Identifier: Apache-2.0
"""Names of columns as people give them: the whole path, or an ending that only one column has."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from acimsweep.results import ResultsError


class SelectionError(ResultsError):
    """A column, objective or condition that the results do not have or that makes no sense."""


def resolve(name: str, columns: Iterable[str], what: str = "column") -> str:
    """The column called `name`, or the only one that ends in ".name".

    SelectionError with the nearest names where there is none, or with all where there are several.
    """
    known = list(columns)
    if name in known:
        return name
    ending = [c for c in known if c.endswith("." + name)]
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise SelectionError(f"{what} '{name}' could be {_listed(ending)}. Give more of the path")
    raise SelectionError(f"no {what} is called '{name}'. {near(name, known)}")


def near(name: str, known: Iterable[str]) -> str:
    """A sentence with the known names nearest to one that is unknown."""
    names = sorted(known)
    lower = {n.lower(): n for n in names}
    lower |= {n.lower().rsplit(".", 1)[-1]: n for n in names}
    found = difflib.get_close_matches(name.lower().rsplit(".", 1)[-1], lower, 4, 0.55)
    found += [key for key in lower if name.lower() in key or key in name.lower()]
    matches = list(dict.fromkeys(lower[key] for key in found))[:4]
    return f"Near: {_listed(matches)}" if matches else f"There are: {_listed(names)}"


def _listed(names: list[str]) -> str:
    shown = [f"'{n}'" for n in names[:12]]
    return ", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
