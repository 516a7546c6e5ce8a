# SPDX-License-Identifier: Apache-2.0
"""Which design points are worth having: front, table, CSV and plot. `acimsweep pareto` calls this.

Run as `python3 -m acimsweep.pareto results.h5 --svg front.svg --png front.png`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

EXIT_INPUT, EXIT_STORAGE, EXIT_MISSING = 2, 4, 69
MODULES = "python3-numpy python3-h5py python3-pandas python3-scipy python3-matplotlib"

try:
    from acimsweep.atomic import atomic_path
    from acimsweep.design_front import DesignFront, find_front
    from acimsweep.front import pareto_front
    from acimsweep.objectives import DEFAULT
    from acimsweep.pareto_text import pareto_text
    from acimsweep.reader import open_store
    from acimsweep.results import Results, ResultsError
except ImportError as error:
    if __name__ != "__main__":
        raise
    # The program prints its own table after EXIT_MISSING, unless an option asked for more.
    asked = {word.partition("=")[0] for word in sys.argv[1:] if word.startswith("--")} - {"--"}
    plain = asked <= {"--no-plot"} or asked <= {"--default-plots", "--svg", "--png", "--title"}
    print(f"acimsweep: {'warning: no P(front) and no plot' if plain else 'pareto'}: {error}. "
          f"On Debian: apt-get install {MODULES}", file=sys.stderr)
    sys.exit(EXIT_MISSING if plain else EXIT_INPUT)

_PROGRAM = "acimsweep"

__all__ = ["DesignFront", "Results", "find_front", "main", "pareto_front"]


def main(arguments: list[str] | None = None) -> int:
    """Prints the table of a results file and writes what was asked for; returns the exit code."""
    options = _parser().parse_args(arguments)
    results: Results | None = None
    try:
        results = open_store(options.results)
        found = find_front(results, options.objectives, spec=options.spec, where=options.where,
                           group_by=options.group_by, reference=options.reference)
    except (ResultsError, OSError) as error:
        # A directory whose results.h5 lacks finished trials is read from its segments.
        segments = results is not None and Path(results.path).is_dir()
        live = (f". The segments of a run hold accuracies alone: 'acimsweep merge {options.results} "
                "-o F.h5' gives costs and intervals too") if segments else ""
        print(f"{_PROGRAM}: {error}{live}", file=sys.stderr)
        return EXIT_INPUT
    print(pareto_text(found), end="", flush=True)
    try:
        if options.csv:
            with atomic_path(Path(options.csv)) as path:
                table = found.table.drop(columns="point_json", errors="ignore")
                table.to_csv(path, index_label="point", lineterminator="\r\n")
        return _plot(found, options)
    except OSError as error:
        print(f"{_PROGRAM}: cannot write: {error}", file=sys.stderr)
        return EXIT_STORAGE


def _plot(found: DesignFront, options: argparse.Namespace) -> int:
    paths = [path for path in (options.svg, options.png) if path]
    if not paths:
        return 0
    try:
        from acimsweep.pareto_figure import save_pareto_figure
    except ImportError as error:
        wanted = "warning: " if options.default_plots else ""
        print(f"{_PROGRAM}: {wanted}no plot: {error}. On Debian: apt-get install "
              "python3-matplotlib", file=sys.stderr)
        return 0 if options.default_plots else EXIT_INPUT
    for path in paths:
        save_pareto_figure(found, path, options.title)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m acimsweep.pareto", description=__doc__)
    parser.add_argument("results", help="results.h5 of a run, or its directory")
    parser.add_argument("--objectives", default=DEFAULT, metavar="A,B[,C]",
                        help=f"what points are compared by; default {DEFAULT}")
    parser.add_argument("--spec", type=float, metavar="ACCURACY",
                        help="accuracy that a chip has to reach: adds the yield, which may be an objective")
    parser.add_argument("--where", metavar="CONDITION", help="select points")
    parser.add_argument("--group-by", metavar="KEY", help="one front for each value of a column")
    parser.add_argument("--reference", type=_numbers, metavar="A,B[,C]",
                        help="reference of the hypervolume; default: the worst of the points")
    parser.add_argument("--csv", metavar="FILE", help="write the compared points as CSV")
    parser.add_argument("--svg", metavar="FILE", help="write the plot as SVG")
    parser.add_argument("--png", metavar="FILE", help="write the plot as PNG")
    parser.add_argument("--title", help="title of the plot; default: the name of the sweep")
    parser.add_argument("--no-plot", action="store_true", help=argparse.SUPPRESS)
    # The program asks for plots that nobody named: without matplotlib the table is enough.
    parser.add_argument("--default-plots", action="store_true", help=argparse.SUPPRESS)
    return parser


def _numbers(text: str) -> list[float]:
    return [float(word) for word in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
