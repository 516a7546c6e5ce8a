# SPDX-License-Identifier: Apache-2.0
"""plotly.js as the Python package plotly ships it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_BANNER = re.compile(r"/\*.*?\*/", re.DOTALL)
_VERSION = re.compile(r"plotly\.js v(\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class PlotlySource:
    """text: the library; version: as its banner says, or ""; banner: copyright and licence."""

    text: str
    version: str
    banner: str


@lru_cache(maxsize=1)
def plotly_source() -> PlotlySource:
    """The library that `plotly.offline` holds. Raises ImportError where plotly is missing."""
    from plotly.offline import get_plotlyjs

    text = get_plotlyjs()
    banner = _BANNER.search(text[:2000])
    version = _VERSION.search(text[:2000])
    lines = banner[0].strip("/* \n").splitlines() if banner else []
    return PlotlySource(
        text=text,
        version=version[1] if version else "",
        banner=" ".join(line.strip("* ").rstrip(".") + "." for line in lines if line.strip("* ")),
    )
