# SPDX-License-Identifier: Apache-2.0
"""Accuracy against energy efficiency: front, table and plot.

Run as `python3 -m acimsweep.pareto results.h5 --svg front.svg --png front.png`.
"""

from __future__ import annotations

import argparse
import sys

try:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from acimsweep.reader import Results, ResultsError, open_results
except ImportError as error:
    if __name__ != "__main__":
        raise
    # The table needs no Python: whoever lacks these modules lacks the plot only.
    print(
        f"acimsweep: no plot: {error}. On Debian: apt-get install python3-numpy python3-h5py "
        "python3-pandas python3-xarray python3-matplotlib",
        file=sys.stderr,
    )
    sys.exit(0)

ACCURACY = "accuracy"
CI_LOW = "accuracy_ci_low"
CI_HIGH = "accuracy_ci_high"
EFFICIENCY = "tops_per_watt"


def pareto_front(values: npt.ArrayLike) -> np.ndarray:
    """Marks the points that no other point dominates.

    values: [points, objectives], each objective the larger the better.
    Returns bool [points]. Equal points stay together; a point with a NaN is never on the front.
    The rule is that of the program's own `acimsweep pareto`.
    """
    table = np.asarray(values, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"values must be [points, objectives], not of rank {table.ndim}")
    on_front = np.zeros(len(table), dtype=bool)
    known = np.flatnonzero(~np.isnan(table).any(axis=1))
    order = known[np.lexsort(-table[known].T[::-1])]
    front = np.empty((0, table.shape[1]))
    for point in order:
        candidate = table[point]
        at_least = (front >= candidate).all(axis=1)
        better = (front > candidate).any(axis=1)
        if not (at_least & better).any():
            front = np.vstack([front, candidate])
            on_front[point] = True
    return on_front


def front_table(results: Results) -> pd.DataFrame:
    """Points with a known accuracy and efficiency, best efficiency first, and column on_front."""
    missing = [c for c in (ACCURACY, EFFICIENCY) if c not in results.points]
    if missing:
        raise ResultsError(f"{results.path}: no column {missing[0]}; is the sweep finished?")
    table = results.points.copy()
    table["on_front"] = pareto_front(table[[ACCURACY, EFFICIENCY]])
    table = table[table[[ACCURACY, EFFICIENCY]].notna().all(axis=1)]
    if table.empty:
        raise ResultsError(f"{results.path}: no finished point")
    return table.sort_values([EFFICIENCY, ACCURACY], ascending=False, kind="stable")


def main(arguments: list[str] | None = None) -> int:
    """Plots a results file; returns the exit code (0, or 2 for bad input)."""
    parser = argparse.ArgumentParser(prog="python3 -m acimsweep.pareto", description=__doc__)
    parser.add_argument("results", help="results.h5 of a run")
    parser.add_argument("--svg", metavar="FILE", help="write the plot as SVG")
    parser.add_argument("--png", metavar="FILE", help="write the plot as PNG")
    parser.add_argument("--title", help="title of the plot; default: the name of the sweep")
    options = parser.parse_args(arguments)
    try:
        results = open_results(options.results)
        front_table(results)
    except (ResultsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not (options.svg or options.png):
        print(f"error: {options.results}: nothing to write; give --svg or --png", file=sys.stderr)
        return 2
    from acimsweep.plot import save_pareto_figure

    try:
        for path in filter(None, (options.svg, options.png)):
            save_pareto_figure(results, path, options.title)
    except OSError as error:
        print(f"error: cannot write the plot: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
