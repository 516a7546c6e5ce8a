# SPDX-License-Identifier: Apache-2.0
"""What the package lists of itself: at a prompt, in help, and to completion."""

from __future__ import annotations

import importlib.util
import os
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

import acimsweep

PACKAGE = Path(__file__).resolve().parents[1]


def test_every_public_name_is_listed_and_described() -> None:
    assert {"compare", "yield_at", "find_front", "sensitivity", "Results"} <= set(dir(acimsweep))
    words = set(re.findall(r"\w+", acimsweep.__doc__ or ""))
    for name in acimsweep.__all__:
        assert name in words, f"{name} is not in the docstring of the package"
        if name != "simulate":
            assert name in dir(acimsweep) and getattr(acimsweep, name).__doc__


def test_help_shows_the_functions() -> None:
    text = pydoc.plain(pydoc.render_doc(acimsweep))
    for line in ("compare(a: ", "yield_at(results: ", "class DesignFront"):
        assert line in text, line


def test_what_needs_pytorch_is_not_listed_without(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    for there in (True, False):
        monkeypatch.setattr(importlib.util, "find_spec",
                            lambda name, there=there: find("sys") if there else None)
        assert ("simulate" in dir(acimsweep)) == there


def test_listing_loads_nothing() -> None:
    code = "import sys, acimsweep; dir(acimsweep); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env=dict(os.environ, PYTHONPATH=str(PACKAGE)))
    assert done.stdout == "False\n"
