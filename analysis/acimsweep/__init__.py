# SPDX-License-Identifier: Apache-2.0
"""Reads and plots results files of acimsweep; knows only the written file format."""

from __future__ import annotations

from typing import Any

__all__ = ["Results", "ResultsError", "open_results", "simulate"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Loads the reader at first use, so that importing a submodule can explain what is missing."""
    if name == "simulate":  # needs PyTorch, as nothing else here does
        from acimsweep.torch.simulation import simulate

        return simulate
    if name in __all__:
        from acimsweep import reader

        return getattr(reader, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
