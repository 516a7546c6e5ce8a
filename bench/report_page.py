#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long a report takes to make, to open and to redraw in headless Chromium.

    bench/report_page.py [POINTS]        2,000 generated points by default; needs the package group browser

Prints a line of a table: milliseconds of the page's own clock (performance.now), medians of seven.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

ANALYSIS = Path(__file__).resolve().parents[1] / "analysis"
sys.path[:0] = [str(ANALYSIS), str(ANALYSIS / "tests")]

from report_browser import after_update, open_page, start_browser  # noqa: E402
from report_results import Sweep, write_sweep  # noqa: E402

from acimsweep.report.__main__ import main as make_page  # noqa: E402

FILTERS = ["bits >= 8", "bits >= 8 and accuracy > 0.9", "", "rows = 256", "sar", "energy < 1 uJ", ""]
SEND = """const e = document.getElementById(arguments[0]); e.value = arguments[1];
    e.dispatchEvent(new Event(arguments[2], {bubbles: true}));"""


def measure(points: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        results, page = Path(folder) / "results.h5", Path(folder) / "report.html"
        write_sweep(results, Sweep(points=points, layers=[f"layer{i}" for i in range(20)]))
        start = time.perf_counter()
        if make_page([str(results), "-o", str(page)]) != 0:
            raise SystemExit("no page")
        made = time.perf_counter() - start
        driver = start_browser(Path(folder) / "profile")
        try:
            open_page(driver, page)
            opened = driver.execute_script(
                "return performance.getEntriesByName('report-update')[0]")
            times = {"filter": redraws(driver, [("filter", text, "input") for text in FILTERS]),
                     "axis": redraws(driver, [("axis-x", key, "change") for key in
                                              ["energy", "latency", "loss", "macro.adc.bits",
                                               "energy", "latency", "tops_per_watt"]]),
                     "colour": redraws(driver, [("colour", key, "change") for key in
                                                ["accuracy", "macro.rows", "", "energy",
                                                 "macro.adc.bits", "loss", "macro.adc.type"]])}
        finally:
            driver.quit()
    print(f"| {points:,} | {made:.1f} s | {opened['startTime'] + opened['duration']:.0f} | "
          + " | ".join(f"{statistics.median(t):.0f} (max {max(t):.0f})" for t in times.values())
          + " |")


def redraws(driver, actions: list[tuple[str, str, str]]) -> list[float]:
    """Milliseconds of each redraw, from the change to the end of drawing."""
    times = []
    for action in actions:
        after_update(driver, lambda a=action: driver.execute_script(SEND, *a))
        times.append(driver.execute_script(
            "return performance.getEntriesByName('report-update').at(-1).duration"))
    return times


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
