# SPDX-License-Identifier: Apache-2.0
"""Small real sweeps, run by the built program, and tables made here in their form."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from acimsweep.results import Results

ROOT = Path(__file__).resolve().parents[2]
IMAGES = Path("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")

needs_program = pytest.mark.skipif(
    "ACIM_BINARY" not in os.environ or not IMAGES.exists(),
    reason="ACIM_BINARY names no program, or dataset-fashion-mnist is missing")


def run_program(*words: object) -> subprocess.CompletedProcess[str]:
    """The built program with its output captured."""
    return subprocess.run([os.environ["ACIM_BINARY"], *map(str, words)], capture_output=True,
                          text=True, check=False)


def run_sweep(folder: Path, sweep: str, settings: dict[str, Any], *options: object) -> Path:
    """Runs sweeps/SWEEP with --set options into the folder; gives the folder."""
    words = [w for key, value in settings.items() for w in ("--set", f"{key}={json.dumps(value)}")]
    done = run_program("run", ROOT / "sweeps" / sweep, "-q", "-o", folder, *words, *options)
    assert done.returncode == 0, done.stderr
    return folder


def made_results(accuracy: np.ndarray, points: dict[str, Any] | None = None, images: int = 1000,
                 parameters: tuple[str, ...] = ("x",), deterministic: Any = 0) -> Results:
    """Results of trials [points, chips] or [points, chips, repeats] with these accuracies; NaN is a
    missing trial. An image is correct where its number is below accuracy * images. `points` holds
    more columns, x its number by default."""
    values = np.asarray(accuracy, float)
    values = values[:, :, None] if values.ndim == 2 else values
    place = np.argwhere(~np.isnan(values))
    correct = np.rint(values[tuple(place.T)] * images).astype(np.int64)
    trials = pd.DataFrame(place, columns=["point", "chip", "repeat"])
    trials = trials.assign(first_image=0, n_images=images, correct=correct, agree=correct,
                           cross_entropy=(2**32 * images * (1 - correct / images)).astype(np.int64))
    bits = np.packbits(np.arange(images) < correct[:, None], axis=1, bitorder="little")
    table = pd.DataFrame({"x": np.arange(len(values))} | (points or {}))
    table["deterministic"] = np.broadcast_to(deterministic, len(table)).astype(np.int64)
    known = pd.DataFrame(place[:, :2], columns=["point", "chip"]).assign(a=correct / images)
    chips = known.groupby(["point", "chip"])["a"].mean()
    table["accuracy"] = chips.groupby("point").mean().reindex(range(len(table)))
    table.index.name = "point"
    tables = {"points": table, "trials": trials, "layers": pd.DataFrame(), "correct_bits": bits,
              "predictions": None, "labels": None, "sweep_text": ""}
    return Results("made.h5", {"images": images, "data_hash": "d", "title": "made"},
                   list(parameters), {"accuracy": "1"}, tables.__getitem__)
