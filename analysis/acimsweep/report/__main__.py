# SPDX-License-Identifier: Apache-2.0
"""The command: `python3 -m acimsweep.report F.h5|DIR -o report.html`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_PACKAGES = "python3-plotly python3-numpy python3-h5py python3-pandas python3-scipy"


def main(arguments: list[str] | None = None) -> int:
    """Writes the page; returns the exit code: 0, 2 for bad input, 4 where it cannot be written."""
    options = _parser().parse_args(arguments)
    try:
        from acimsweep.report.page import report_page, write_report
        from acimsweep.report.source import check_output, default_output, open_source, with_yield
        from acimsweep.results import ResultsError

        results = Path(options.results)
        out = Path(options.output) if options.output else default_output(results)
    except ImportError as error:
        return _fail(2, f"no report: {error}. On Debian: apt-get install {_PACKAGES}")
    try:
        check_output(out, results)
        found = with_yield(open_source(results), options.spec)
        page = report_page(found, title=options.title)
    except (ResultsError, FileNotFoundError) as error:
        return _fail(2, str(error))
    except ImportError as error:
        return _fail(2, f"no report: {error}. On Debian: apt-get install {_PACKAGES}")
    except OSError as error:
        return _fail(4, f"{results}: cannot be read: {error}")
    try:
        write_report(page, out)
    except OSError as error:
        return _fail(4, f"{out}: cannot write the report: {error.strerror or error}. Check the "
                        "directory, its rights and the disk")
    print(f"report: {out}, {_megabytes(len(page.html))}: plotly.js "
          f"{_megabytes(page.plotly_bytes)}, data {_megabytes(page.data_bytes)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m acimsweep.report", description=__doc__)
    parser.add_argument("results", help="results.h5 of a run, or a run directory")
    parser.add_argument("-o", "--output", metavar="FILE",
                        help="the page; default: report.html beside results.h5")
    parser.add_argument("--title", help="title of the page; default: the name of the sweep")
    parser.add_argument("--spec", type=float, metavar="A",
                        help="adds the yield: the share of chips of at least this accuracy (0..1)")
    return parser


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.2f} MB"


def _fail(code: int, message: str) -> int:
    print(f"acimsweep: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
