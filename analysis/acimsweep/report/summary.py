# SPDX-License-Identifier: Apache-2.0
"""The sweep in a few sentences, computed from its points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from acimsweep.names import prefixed
from acimsweep.report.cliff import cliff_sentence
from acimsweep.report.tables import known
from acimsweep.results import Results

EFFICIENCY = "tops_per_watt"
_MARGIN_POINTS = 0.01      # of accuracy
_MARGIN_PERPLEXITY = 1.05  # of the baseline's perplexity


@dataclass(frozen=True)
class Metric:
    """What a design is judged by: accuracy, or perplexity where the network predicts a text."""

    key: str
    higher: bool
    baseline: str

    def text(self, value: float) -> str:
        return f"{100 * value:.2f}\u00a0%" if self.higher else f"{value:.4g}"


ACCURACY = Metric("accuracy", True, "baseline_accuracy")
PERPLEXITY = Metric("perplexity", False, "baseline_perplexity")


def headline_metric(results: Results) -> Metric | None:
    """Perplexity where the file has it, else accuracy; None where no point is finished."""
    for metric in (PERPLEXITY, ACCURACY):
        if known(results, metric.key):
            return metric
    return None


def state_text(results: Results) -> str:
    """`complete`, or how much of the plan is finished."""
    if int(results.attrs.get("sweep_complete", 0)) == 1:
        return "complete"
    return _progress(results) or "incomplete"


def trial_counts(results: Results) -> tuple[int, int]:
    """Finished and planned trials."""
    per_point = int(results.attrs.get("chips", 0)) * int(results.attrs.get("repeats", 0))
    done = int(results.points["n_trials"].sum()) if "n_trials" in results.points else 0
    return done, per_point * len(results.points)


def _progress(results: Results) -> str:
    """`12 of 40 trials`, `12 of at most 40 trials` under a stop rule; nothing without a plan."""
    done, planned = trial_counts(results)
    most = "at most " if "stop_half_width" in results.attrs else ""
    return f"{done:,} of {most}{planned:,} trials" if planned else ""


def facts(results: Results) -> list[tuple[str, str, str]]:
    """The figures beside the title: (what, value, remark)."""
    metric = headline_metric(results)
    if metric is None:
        return []
    best = best_point(results, metric)
    rows = [(f"Best {metric.key}", metric.text(_get(results, best, metric.key)),
             interval_text(results, best, metric))]
    baseline = baseline_of(results, metric)
    if baseline is not None:
        rows.append(("Without noise", metric.text(baseline), "quantised network, ideal converters"))
    if known(results, EFFICIENCY):
        top = results.points[EFFICIENCY].idxmax()
        rows.append(("Highest efficiency", f"{_get(results, top, EFFICIENCY):.4g}\u00a0TOPS/W",
                     f"at {metric.text(_get(results, top, metric.key))} {metric.key}"))
    chosen = recommended_point(results, metric)
    if chosen in within_margin(results, metric) and known(results, EFFICIENCY):
        rows.append((f"Efficient, {_margin_name(metric)}",
                     f"{_get(results, chosen, EFFICIENCY):.4g}\u00a0TOPS/W",
                     f"at {metric.text(_get(results, chosen, metric.key))} {metric.key}"))
    return rows


def sentences(results: Results) -> list[str]:
    """The summary, sentence by sentence."""
    out = [_extent(results)]
    metric = headline_metric(results)
    if metric is None:
        return out + ["No point is finished yet, so there is nothing to compare."]
    out.append(_best_sentence(results, metric))
    out.append(_efficient_sentence(results, metric))
    if metric.higher:
        out.append(cliff_sentence(results, metric.key))
    return [text for text in out if text]


def best_point(results: Results, metric: Metric) -> int:
    """Index of the best point; among equals the most efficient, then the first."""
    values = results.points[metric.key]
    table = pd.DataFrame({"value": -values if metric.higher else values})
    if known(results, EFFICIENCY):
        table["efficiency"] = -results.points[EFFICIENCY]
    return int(table.dropna(subset=["value"]).sort_values(list(table), kind="stable").index[0])


def recommended_point(results: Results, metric: Metric | None) -> int | None:
    """The most efficient point near the baseline, else the best one; None where none is known."""
    if metric is None:
        return None
    rows = within_margin(results, metric)
    if len(rows) and known(results, EFFICIENCY):
        efficiency = results.points.loc[rows, EFFICIENCY].dropna()
        if len(efficiency):
            return int(efficiency.idxmax())
    return best_point(results, metric)


def within_margin(results: Results, metric: Metric) -> list[int]:
    """Points whose mean is within one point of accuracy, or 5 % of perplexity, of their own
    baseline; where there is none, of the best point."""
    values = results.points[metric.key]
    if known(results, metric.baseline):
        reference = results.points[metric.baseline]
    else:
        reference = values.max() if metric.higher else values.min()
    if metric.higher:
        return list(values.index[values >= reference - _MARGIN_POINTS - 1e-12])
    return list(values.index[values <= reference * _MARGIN_PERPLEXITY])


def baseline_of(results: Results, metric: Metric) -> float | None:
    """The best noise-free quantised network, if the file knows it."""
    if not known(results, metric.baseline):
        return None
    values = results.points[metric.baseline]
    return float(values.max() if metric.higher else values.min())


def interval_text(results: Results, point: int, metric: Metric) -> str:
    """The 95 % interval in words, or why there is none."""
    low, high = (_get(results, point, f"{metric.key}_ci_{end}") for end in ("low", "high"))
    if math.isnan(low) or math.isnan(high):
        return "no interval: " + ("one chip" if _get(results, point, "n_chips") == 1
                                  else "see results.h5")
    if low == high:
        return "exact for these images" if metric.higher else "exact for these inputs"
    return f"95\u00a0% interval {metric.text(low)} to {metric.text(high)}"


def place_text(results: Results, point: int) -> str:
    """The swept parameters of a point: `macro.adc.bits = 8, ...`."""
    varied = [n for n in results.parameters if results.points[n].nunique(dropna=False) > 1]
    return ", ".join(f"{n}\u00a0=\u00a0{_number(results.points[n].loc[point])}" for n in varied)


def _extent(results: Results) -> str:
    attrs = results.attrs
    count = len(results.points)
    text = f"{count:,} design {'point' if count == 1 else 'points'}"
    if "chips" in attrs and "repeats" in attrs and "images" in attrs:
        chips, repeats, images = (int(attrs[n]) for n in ("chips", "repeats", "images"))
        stop = attrs.get("stop_half_width")
        text += (f", each on {'up to ' if stop else ''}{chips:,} simulated "
                 + ("chip" if chips == 1 else "chips")
                 + (f" (until the interval of its accuracy is ±{100 * float(stop):g}\u00a0%)"
                    if stop else "")
                 + (f" with {repeats:,} repeats" if repeats > 1 else "")
                 + f" and {images:,} evaluation {'image' if images == 1 else 'images'}")
    if int(attrs.get("sweep_complete", 0)) != 1 and (progress := _progress(results)):
        text += f"; {progress} are finished, so figures may still move"
    return text + "."


def _best_sentence(results: Results, metric: Metric) -> str:
    best = best_point(results, metric)
    value = _get(results, best, metric.key)
    place = place_text(results, best)
    text = f"The best {metric.key} is {metric.text(value)} ({interval_text(results, best, metric)})"
    text += f" at {place}" if place else ""
    equal = int((results.points[metric.key] == value).sum())
    if equal > 1:
        text += f"; {equal - 1} other {'point equals' if equal == 2 else 'points equal'} it"
    baseline = baseline_of(results, metric)
    if baseline is not None:
        text += f". The noise-free quantised network reaches {metric.text(baseline)}"
    return text + "."


def _efficient_sentence(results: Results, metric: Metric) -> str:
    if not known(results, EFFICIENCY):
        return "Efficiencies are not in these results."
    rows = within_margin(results, metric)
    if not rows:
        return f"No point is {_margin_name(metric)}."
    chosen = recommended_point(results, metric)
    assert chosen is not None
    efficiency = _get(results, chosen, EFFICIENCY)
    energy = _get(results, chosen, "energy")
    text = (f"Of the {len(rows):,} {'point' if len(rows) == 1 else 'points'} "
            f"{_margin_name(metric)}, the most efficient has {efficiency:.4g}\u00a0TOPS/W")
    if math.isfinite(energy):
        unit, factor = prefixed("J", [energy])
        text += f" ({energy * factor:.4g}\u00a0{unit} per inference)"
    place = place_text(results, chosen)
    text += (f" and {metric.text(_get(results, chosen, metric.key))} {metric.key}"
             + (f", at {place}" if place else ""))
    return text + "." + _margin_doubt(results, chosen, metric)


def _margin_doubt(results: Results, point: int, metric: Metric) -> str:
    """What the interval says against the choice, if anything."""
    if not metric.higher or not known(results, metric.baseline):
        return ""
    low = _get(results, point, f"{metric.key}_ci_low")
    if math.isnan(low):
        return " Whether other chips stay there too is not known: the point has no interval."
    if low < _get(results, point, metric.baseline) - _MARGIN_POINTS - 1e-12:
        return " Its interval reaches beyond that margin, so other chips may miss it."
    return ""


def _margin_name(metric: Metric) -> str:
    return ("within 1\u00a0point of the baseline" if metric.higher
            else "within 5\u00a0% of the baseline's perplexity")


def _get(results: Results, point: int, key: str) -> float:
    if key not in results.points:
        return math.nan
    return float(results.points[key].loc[point])


def _number(value: object) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:g}"
    return str(value)
