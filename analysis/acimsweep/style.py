# SPDX-License-Identifier: Apache-2.0
"""The look of all figures: colours that colour-blind readers tell apart, sizes for a paper."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import matplotlib

if "DISPLAY" not in os.environ and "MPLBACKEND" not in os.environ:
    matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from acimsweep.names import short_name, value_text  # noqa: E402
from acimsweep.results import Results  # noqa: E402

GREY = "#595959"
MARKERS = "osD^vPX<>*"
# Okabe and Ito, Color Universal Design (2008), dark ones first, black and yellow left out.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
STYLE = {
    "font.size": 10,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e0e0e0",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.title_fontsize": 9,
    "svg.hashsalt": "acimsweep",
}
_UNITS = {"lsb": "LSB", "percent_fs": "% FS", "1": ""}


@contextmanager
def in_style() -> Iterator[None]:
    """Figures drawn inside have this style; matplotlib's settings are as before afterwards.

    Only these settings: rc_context would also take back that a notebook shows figures, which
    matplotlib sets when the first one is made.
    """
    before = {name: matplotlib.rcParams[name] for name in STYLE}
    matplotlib.rcParams.update(STYLE)
    try:
        yield
    finally:
        matplotlib.rcParams.update(before)


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draws a figure in this style, without changing matplotlib's settings for others."""

    @wraps(draw)
    def inside(*arguments: Any, **options: Any) -> Figure:
        with in_style():
            return draw(*arguments, **options)

    return inside


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes a figure and closes it; the suffix of the path chooses the format.

    The same figure gives the same bytes with the same matplotlib. Raises OSError.
    """
    try:
        metadata = {"Date": None} if os.fspath(path).endswith(".svg") else None
        with in_style():
            figure.savefig(path, dpi=150, metadata=metadata)
    finally:
        plt.close(figure)


def ordered_colours(count: int) -> list[Any]:
    """Viridis without its pale end: ordered in lightness, so that it reads without colour too."""
    return list(plt.get_cmap("viridis")(np.linspace(0.0, 0.85, max(2, count))))[:count]


def series_colours(values: Sequence[Any]) -> list[Any]:
    """Ordered colours for numbers, distinct ones for names; they recur beyond six names."""
    numbers = pd.api.types.is_numeric_dtype(pd.Series(list(values)))
    return (ordered_colours(len(values)) if numbers
            else [PALETTE[i % len(PALETTE)] for i in range(len(values))])


def parameter_label(path: str, units: dict[str, str]) -> str:
    """Name and unit of a swept parameter, for an axis or a legend."""
    unit = units.get(path, "")
    unit = _UNITS.get(unit, unit)
    name = {"macro.adc.bits": "ADC resolution", "macro.noise.random.sigma": "Noise sigma"}.get(
        path, short_name(path))
    unit = "bit" if path == "macro.adc.bits" else unit
    return f"{name} [{unit}]" if unit else name


def point_labels(results: Results, points: Sequence[int]) -> list[str]:
    """For a legend: the parameters that differ between these points, each by the end of its path."""
    names = [n for n in results.parameters if results.points.loc[list(points), n].nunique() > 1]
    ends = [n.rsplit(".", 1)[-1] for n in names]
    short = {n: end if ends.count(end) == 1 else short_name(n) for n, end in zip(names, ends)}
    if not names:
        return [str(results.point(number)) for number in points]
    return [", ".join(f"{short[n]} = {value_text(results.points.loc[number, n])}" for n in names)
            for number in points]
