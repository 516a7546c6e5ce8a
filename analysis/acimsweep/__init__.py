# SPDX-License-Identifier: Apache-2.0
"""Reads, compares and plots results of acimsweep; knows only the written file format."""

from __future__ import annotations

import importlib
from typing import Any

# Where each public name lives; loaded at first use, so that importing a submodule can explain what
# is missing, and that nothing slow is imported unasked.
_HOMES = {
    "Results": "results", "Point": "results", "ResultsError": "results",
    "ReplacedError": "results",
    "open_store": "reader", "open_results": "reader", "open_run": "run_directory",
    "SelectionError": "columns",
    "point_statistics": "statistics", "paired_difference": "paired",
    "find_front": "design_front", "DesignFront": "design_front", "pareto_front": "front",
    "hypervolume": "dominated_volume", "front_probability": "membership", "select": "selection",
    "yield_at": "yields", "yield_curve": "yields", "sensitivity": "main_effects",
    "compare": "comparison", "per_class": "class_accuracy", "confusion": "confusion_matrix",
    "run_sweep": "program", "ProgramError": "program",
    "simulate": "torch.simulation",  # needs PyTorch, as nothing else here does
}
__all__ = sorted(_HOMES)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Loads a public name from its module."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"acimsweep.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
