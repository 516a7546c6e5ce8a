# SPDX-License-Identifier: Apache-2.0
"""Tables of a sweep, whether from results.h5 or from a run directory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr


class ResultsError(ValueError):
    """A file or directory that does not hold results of a version this package reads."""


@dataclass(frozen=True)
class Results:
    """Tables of one results file or run directory, all in memory.

    points: one row per design point: swept parameters by YAML path, then aggregates. The index is
        the number of the point.
    trials: one row per (point, chip, repeat, first_image): counts of images, or of all their
        positions where the network predicts at several (attrs["positions"]).
    layers: one row per (point, layer): error and activity of analog layers.
    correct_bits: uint8 [trial, bytes]; item k of a row is bit k%8 of byte k//8, an item being an
        image, or position p of image i, then k = i*positions + p.
    attrs: attributes of the root (seed, hashes, versions, completeness).
    parameters: the swept parameters, in the order of the sweep.
    units: unit of each column of points; "1" for ratios and counts.
    sweep_text: the sweep's YAML, verbatim; empty if the file does not hold it.
    """

    path: str
    points: pd.DataFrame
    trials: pd.DataFrame
    layers: pd.DataFrame
    correct_bits: np.ndarray
    attrs: dict[str, Any]
    parameters: list[str]
    units: dict[str, str] = field(default_factory=dict)
    sweep_text: str = ""

    def correct(self, row: int) -> np.ndarray:
        """Correctness of one row of trials: bool [n_images], or [n_images, positions] where the
        network predicts at several positions."""
        images = int(self.trials["n_images"].iloc[row])
        positions = self.positions
        bits = np.unpackbits(self.correct_bits[row], bitorder="little")
        items = bits[: images * positions].astype(bool)
        return items if positions == 1 else items.reshape(images, positions)

    @property
    def positions(self) -> int:
        """Predictions of the network for an image; 1 for a network with one vector of logits."""
        return int(self.attrs.get("positions", 1))

    def to_xarray(self) -> xr.Dataset:
        """The numeric points unstacked to a grid whose dimensions are the swept parameters.

        Raises ResultsError where two points share all swept parameters, or nothing is swept.
        """
        if not self.parameters:
            raise ResultsError(f"{self.path}: no parameter is swept, so there is no grid")
        table = self.points.set_index(self.parameters)
        if table.index.duplicated().any():
            raise ResultsError(
                f"{self.path}: points share the values of all swept parameters; use .points"
            )
        numbers = table.select_dtypes("number")
        if len(self.parameters) == 1:
            numbers = numbers.sort_index()
        return xr.Dataset.from_dataframe(numbers)
