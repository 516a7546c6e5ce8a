# SPDX-License-Identifier: Apache-2.0
"""Where the results of a report come from and where the page may go."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from acimsweep.design_front import PROBABILITY, find_front
from acimsweep.objectives import design_table
from acimsweep.reader import RESULTS, open_store
from acimsweep.report.summary import EFFICIENCY, headline_metric
from acimsweep.report.tables import known
from acimsweep.results import Results, ResultsError


def open_source(path: Path) -> Results:
    """The results of open_store(); attrs["file_sha256"] names the file that was read, if it was one.

    Raises ResultsError or FileNotFoundError.
    """
    results = open_store(path)
    file = Path(results.path)
    return _with_hash(results, file) if file.is_file() else results


def with_yield(results: Results, spec: float | None) -> Results:
    """The results with the columns yield, yield_ci_low and yield_ci_high: the share of chips of at
    least this accuracy. Raises ResultsError for a specification outside of 0..1."""
    if spec is None:
        return results
    units = {name: "1" for name in ("yield", "yield_ci_low", "yield_ci_high")}
    with_them = _with_points(results, design_table(results, spec), units)
    return replace(with_them, attrs=results.attrs | {"spec": spec})


def with_membership(results: Results) -> Results:
    """The results with the column front_probability (find_front) for the front of all points in accuracy,
    or perplexity, and efficiency; as they are where such a front is not known yet."""
    metric = headline_metric(results)
    if metric is None or not known(results, EFFICIENCY):
        return results
    both = results.points[[metric.key, EFFICIENCY]].to_numpy(float)
    if not np.isfinite(both).all(axis=1).any():
        return results
    probability = find_front(results, f"{metric.key},{EFFICIENCY}").table[PROBABILITY]
    if probability.isna().all():
        return results
    table = results.points.assign(**{PROBABILITY: probability})
    return _with_points(results, table, {PROBABILITY: "1"})


def default_output(results: Path) -> Path:
    """report.html beside the results file, or in the run directory."""
    return (results if results.is_dir() else results.parent) / "report.html"


def check_output(out: Path, results: Path) -> None:
    """Refuses to replace what the report is made of. Raises ResultsError."""
    inputs = [results, results / RESULTS, results / "plan.json"]
    if any(out.exists() and file.exists() and os.path.samefile(out, file) for file in inputs):
        raise ResultsError(f"{out}: the output is one of the inputs. Name another file")
    if out.is_symlink() or (out.exists() and not out.is_file()):
        raise ResultsError(f"{out}: this is a directory, link or device. Name a file")


def _with_points(results: Results, table: pd.DataFrame, units: dict[str, str]) -> Results:
    """The results with another table of points, whose new columns have these units."""

    def load(name: str) -> Any:
        return table if name == "points" else results.load(name)

    return replace(results, units=results.units | units, load=load)


def _with_hash(results: Results, file: Path) -> Results:
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return replace(results, attrs=results.attrs | {"file_sha256": digest.hexdigest()})
