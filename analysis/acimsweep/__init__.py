# SPDX-License-Identifier: Apache-2.0
"""Reads, compares and plots results of acimsweep; knows only the written file format.

Opening
    open_results, open_store    a results file or a run directory, as Results
    open_run                    what is finished in a run directory
    run_sweep                   runs the program and opens what it made (ProgramError)
    simulate                    a PyTorch model on a macro, in one call; needs PyTorch
    Results, Point              the tables of a sweep; one of its points

Asking
    find_front                  the points worth having, as DesignFront
    compare                     two points, or all of two files, on the same chips and images
    sensitivity                 which parameter explains how much
    yield_at, yield_curve       the share of chips that reach an accuracy
    point_statistics            means, intervals and percentiles from the trials
    per_class, confusion        accuracy by class; images by label and prediction
    select                      rows of a table that fulfil a condition

Parts
    pareto_front, hypervolume, front_probability    of arrays
    paired_difference           two trials over the same images

Errors
    ResultsError (a ValueError), its SelectionError and ReplacedError

Figures are in acimsweep.figures, training in acimsweep.torch. More: docs/python.md.
"""

from __future__ import annotations

import importlib
import importlib.util
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


def __dir__() -> list[str]:
    """The public names, loaded or not, but for what needs PyTorch where it is missing."""
    missing = set() if importlib.util.find_spec("torch") else {"simulate"}
    return sorted({*globals(), *_HOMES} - missing)
