# SPDX-License-Identifier: Apache-2.0
"""All figures in one place: each function gives a matplotlib Figure, save_figure writes it."""

from __future__ import annotations

from acimsweep.chip_figure import chip_figure
from acimsweep.confusion_figure import confusion_figure
from acimsweep.effects_figure import sensitivity_figure
from acimsweep.layer_figure import layer_figure, layer_snr
from acimsweep.pareto_figure import pareto_figure, save_pareto_figure
from acimsweep.style import save_figure

__all__ = ["chip_figure", "confusion_figure", "layer_figure", "layer_snr", "pareto_figure", "save_figure",
           "save_pareto_figure", "sensitivity_figure"]
