# SPDX-License-Identifier: Apache-2.0
"""`acimsweep report`: what it writes, what it refuses, and its exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ANALYSIS = Path(__file__).resolve().parents[2] / "analysis"
sys.path.append(str(ANALYSIS / "tests"))

from report_results import Sweep, write_sweep  # noqa: E402

pytestmark = pytest.mark.skipif("ACIM_BINARY" not in os.environ, reason="needs the program")


def report(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([os.environ["ACIM_BINARY"], "report", *map(str, words)], text=True,
                          capture_output=True, env=os.environ | environment)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write_sweep(tmp_path / "results.h5", Sweep(points=4))


def test_page_beside_the_results_or_where_asked(results: Path) -> None:
    pytest.importorskip("plotly")
    folder = results.parent
    done = report(results)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"report: {folder / 'report.html'}, ")
    asked = report(results, "-o", folder / "-page.html", "--title", "--a <title>")
    assert asked.returncode == 0, asked.stderr
    assert "<title>--a &lt;title&gt; - " in (folder / "-page.html").read_text("utf-8")
    assert "<title>generated - " in (folder / "report.html").read_text("utf-8")


def test_refusals(results: Path) -> None:
    before = results.read_bytes()
    for words, code, message in (
            ((results, "-o", results), 2, "is one of the inputs"),
            ((results.parent, "-o", results), 2, "is one of the inputs"),
            ((results.parent / "none.h5",), 2, "no such file"),
            ((results, "-o", results.parent / "none" / "a.html"), 4, "does not exist"),
            ((results, "-o", results.parent), 4, "no regular file")):
        done = report(*words)
        assert done.returncode == code and message in done.stderr, (words, done)
        assert done.stderr.startswith("acimsweep: ") and done.stderr.count("\n") == 1
    assert results.read_bytes() == before
    assert [p.name for p in results.parent.iterdir()] == ["results.h5"]


def test_interpreter_that_fails_or_is_missing(results: Path) -> None:
    missing = report(results, ACIM_PYTHON="/nonexistent/python3")
    assert missing.returncode == 2 and "python3-plotly" in missing.stderr
    fails = report(results, ACIM_PYTHON="/bin/false")
    assert fails.returncode == 4 and "status 1" in fails.stderr
    assert not (results.parent / "report.html").exists()
