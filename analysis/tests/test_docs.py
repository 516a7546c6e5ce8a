# SPDX-License-Identifier: Apache-2.0
"""Every example of docs/python.md runs, in order, on a real file."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


@pytest.mark.skipif("ACIM_RESULTS" not in os.environ, reason="ACIM_RESULTS names no results file")
def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(os.environ["ACIM_RESULTS"], tmp_path / "results.h5")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert {p.name for p in tmp_path.iterdir()} >= {"front.svg", "layers.png", "chips.png"}
