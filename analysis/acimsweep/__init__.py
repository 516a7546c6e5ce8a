# SPDX-License-Identifier: Apache-2.0
"""Reads and plots results files of acimsweep; knows only the written file format."""

from acimsweep.reader import Results, ResultsError, open_results

__all__ = ["Results", "ResultsError", "open_results"]
__version__ = "0.1.0"
