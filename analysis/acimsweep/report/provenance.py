# SPDX-License-Identifier: Apache-2.0
"""What produced the numbers, what they mean, and how to produce them again."""

from __future__ import annotations

import re
import shlex

from acimsweep import __version__
from acimsweep.design_front import PROBABILITY
from acimsweep.results import Results

_OVERRIDE = "# --set "
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def provenance_rows(results: Results, plotly_version: str) -> list[tuple[str, str]]:
    """(what, value) of everything that identifies the sweep; what a file does not hold is left
    out."""
    attrs = results.attrs
    names = [
        ("Sweep", "sweep_name"),
        ("Seed", "seed"),
        ("Chips", "chips"),
        ("Points stop at an interval of ±", "stop_half_width"),
        ("Repeats of a chip", "repeats"),
        ("Evaluation images", "images"),
        ("Predictions per image", "positions"),
        ("Program version (planned by)", "code_version"),
        ("Model version", "model_version"),
        ("Plan, SHA-256", "plan_sha256"),
        ("Sweep text, SHA-256", "sweep_sha256"),
        ("Evaluation data, hash", "data_hash"),
        ("Results file, SHA-256", "file_sha256"),
        ("Specification of the yield", "spec"),
    ]
    rows = [(what, str(attrs[key])) for what, key in names if key in attrs]
    if "technology" in results.points:
        used = sorted({str(text) for text in results.points["technology"] if text})
        rows.append(("Technology", ", ".join(used)))
    if attrs.get("damaged"):
        rows.append(("Damaged segments, left out", str(len(attrs["damaged"]))))
    plotly = f", plotly.js {plotly_version}" if plotly_version else ""
    return rows + [("Page made by", f"acimsweep (Python package) {__version__}{plotly}")]


def overrides(results: Results) -> list[str]:
    """The `--set` changes that stand behind the sweep's text, in their order."""
    found: list[str] = []
    for line in reversed(results.sweep_text.rstrip("\n").split("\n")):
        if not line.startswith(_OVERRIDE):
            break
        found.insert(0, line.removeprefix(_OVERRIDE))
    return found


def reproduce_command(results: Results) -> str:
    """The command that runs the sweep again; every word quoted for a POSIX shell."""
    name = str(results.attrs.get("sweep_name", results.attrs.get("title", "")))
    stem = name if _SAFE_NAME.fullmatch(name) else "sweep"
    words = ["acimsweep", "run", f"{stem}.yaml", "-o", f"results/{stem}"]
    for change in overrides(results):
        words += ["--set", change]
    return " ".join(shlex.quote(word) for word in words)


def definitions(results: Results) -> list[tuple[str, str]]:
    """(term, meaning) of the quantities that the page shows."""
    have = set(results.points.columns)
    return [(term, text) for term, needed, text in _DEFINITIONS if not needed or needed & have]


_DEFINITIONS: list[tuple[str, set[str], str]] = [
    ("Accuracy", {"accuracy"},
     "Top-1, mean over chips of the chip's mean over its repeats, on these evaluation images."),
    ("95 % interval", {"accuracy_ci_low", "perplexity_ci_low"},
     "Student's t over the chip means: what other chips would give on these images. A point "
     "without a random term is exact; a noisy point with one chip has none. It does not hold "
     "the error from the finite number of images."),
    ("Baseline", {"baseline_accuracy", "baseline_perplexity"},
     "The same quantised network without noise and with ideal converters."),
    ("Yield", {"yield"},
     "Share of chips that reach the specification, with the Clopper-Pearson 95 % interval."),
    ("Perplexity", {"perplexity"}, "exp of the mean over chips of the mean loss [nat]."),
    ("TOPS/W", {"tops_per_watt"},
     "Operations (a multiplication or an addition each) per energy, at native bits; 1b-TOPS/W "
     "counts each multiply-accumulate as weight bits times activation bits."),
    ("Energy, latency", {"energy", "latency"},
     "Of one inference, modelled from counted work and a technology; compare points of one sweep "
     "rather than promise a chip."),
    ("CSNR", set(),
     "Of a layer: 10 log10 of the variance of exact integer products over that of their error."),
    ("Pareto front", set(),
     "Points that no other shown point beats in both chosen objectives. It is taken over means: "
     "neighbours whose intervals overlap may change places."),
    ("P(front)", {PROBABILITY},
     "Probability that a point is on the front of accuracy (or perplexity) and TOPS/W among all "
     "points of the sweep, whatever axes and filter show: the share of 1,000 drawings of the chips, "
     "the same at every point. A noisy point with fewer than two chips has none."),
]
