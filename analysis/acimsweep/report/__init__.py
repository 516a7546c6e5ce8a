# SPDX-License-Identifier: Apache-2.0
"""A results file as one page of HTML that needs nothing else: `write_report`.

`python3 -m acimsweep.report results.h5 -o report.html` is what `acimsweep report` calls. What the
page shows is described in docs/report.md.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Page", "report_page", "write_report"]


def __getattr__(name: str) -> Any:
    """Loads the parts at first use, so that the command can explain what is missing."""
    if name in __all__:
        from acimsweep.report import page

        return getattr(page, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
