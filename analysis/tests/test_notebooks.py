# SPDX-License-Identifier: Apache-2.0
"""Every notebook runs from start to end, and its pictures for the docs are there."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
from sweeps import needs_program

for module in ("nbformat", "nbclient", "ipykernel", "PIL"):
    pytest.importorskip(module, reason=f"{module} is missing (group notebooks)")

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def render() -> ModuleType:
    """The script `render`, which has no suffix, as a module."""
    loader = importlib.machinery.SourceFileLoader("render", str(FOLDER / "render"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("render", loader))
    loader.exec_module(module)
    return module


@needs_program
@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs(name: str) -> None:
    if "torch" in name:
        pytest.importorskip("torch", reason="PyTorch is not installed (group torch)")
    script = render()
    made = script.execute(FOLDER / f"{name}.ipynb")  # CellExecutionError where a cell fails
    stored = sorted(script.PICTURES.glob(f"{name}-[0-9]*.png"))
    assert 1 <= len(script.pictures(made)) == len(stored), "run analysis/notebooks/render"


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_stored_without_outputs(name: str) -> None:
    document = json.loads((FOLDER / f"{name}.ipynb").read_text())
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    assert code and all(not cell["outputs"] for cell in code)
    assert all(cell["execution_count"] is None for cell in code)
    assert "cut small" in "".join(document["cells"][0]["source"]).lower()


def test_pictures_stay_small_and_are_named_in_the_docs() -> None:
    script = render()
    pictures = sorted(script.PICTURES.glob("*.png"))
    assert {p.stem.rpartition("-")[0] for p in pictures} == set(NAMES)
    assert sum(p.stat().st_size for p in pictures) < 1_000_000
    page = (script.PICTURES.parents[1] / "notebooks.md").read_text()
    assert all(f"images/notebooks/{p.name}" in page for p in pictures)
