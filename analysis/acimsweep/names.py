# SPDX-License-Identifier: Apache-2.0
"""How parameters, values and units are written for people."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

_PREFIXES = [(1e-15, "f"), (1e-12, "p"), (1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1.0, ""),
             (1e3, "k"), (1e6, "M")]


def short_name(path: str) -> str:
    """A swept parameter without the prefix that nearly all share."""
    return path.removeprefix("macro.")


def value_text(value: Any) -> str:
    """A value of a parameter as a legend shows it."""
    return f"{value:g}" if isinstance(value, (int, float, np.number)) else str(value)


def prefixed(unit: str, values: npt.ArrayLike) -> tuple[str, float]:
    """The unit with an SI prefix that brings the median magnitude to 1..1000, and the factor."""
    numbers = np.abs(np.asarray(values, float))
    numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
    if not len(numbers):
        return unit, 1.0
    middle = float(np.median(numbers)) * (1 + 1e-12)  # 1e-9 is 1 n, however it was rounded
    size, prefix = max((p for p in _PREFIXES if p[0] <= middle), default=_PREFIXES[0])
    return prefix + unit, 10.0 ** -round(math.log10(size))
