# SPDX-License-Identifier: Apache-2.0
"""Tables of a sweep, whether from results.h5 or from a run directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from acimsweep.names import short_name, value_text

if TYPE_CHECKING:
    import xarray as xr

    from acimsweep.point_accuracy import Accuracy


class ResultsError(ValueError):
    """A file or directory that does not hold results of a version this package reads."""


class ReplacedError(ResultsError):
    """The file was replaced after it was opened: what it holds now belongs to another moment."""


@dataclass(frozen=True, repr=False)
class Results:
    """One results file or run directory. Tables are read at their first use and then kept.

    path: where it was opened.
    attrs: attributes of the root (seed, hashes, versions, completeness).
    parameters: the swept parameters, in the order of the sweep.
    units: unit of each column of points; "1" for ratios and counts.
    load: reads a table by name, for the properties below; `rows` reads some rows of a column of the
    trials with two axes.
    long_names: what each column of points means, where the file says it.

    A results file is closed between reads. Where it was replaced in the meantime, as a run that goes
    on does, a first use raises ReplacedError rather than mix two moments; open it again.
    """

    path: str
    attrs: dict[str, Any]
    parameters: list[str]
    units: dict[str, str]
    load: Callable[[str], Any] = field(repr=False)
    rows: Callable[[str, np.ndarray], np.ndarray | None] | None = field(default=None, repr=False)
    long_names: dict[str, str] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        """Return one line with name, points, trials, state and path; reads the points."""
        from acimsweep.previews import results_line

        return results_line(self)

    def _repr_html_(self) -> str:
        from acimsweep.previews import results_html

        return results_html(self)

    @cached_property
    def points(self) -> pd.DataFrame:
        """One row per design point: swept parameters by YAML path, then aggregates. The index is
        the number of the point."""
        return self.load("points")

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per (point, chip, repeat, first_image): counts of images, or of all their
        positions where the network predicts at several (attrs["positions"])."""
        return self.load("trials")

    @cached_property
    def layers(self) -> pd.DataFrame:
        """One row per (point, layer): error and activity of analog layers."""
        return self.load("layers")

    @cached_property
    def correct_bits(self) -> np.ndarray:
        """uint8 [trial, bytes]; item k of a row is bit k%8 of byte k//8, an item being an image, or
        position p of image i, then k = i*positions + p."""
        return self.load("correct_bits")

    @cached_property
    def predictions(self) -> np.ndarray:
        """uint16 [trial, items]: the class that a row of trials gives each of its items, zeros behind
        them. ResultsError where the sweep did not ask for them."""
        return self._kept("predictions")

    @cached_property
    def labels(self) -> np.ndarray:
        """int64 [items] of the evaluation set, kept beside the predictions; ResultsError without."""
        return self._kept("labels")

    def _kept(self, name: str) -> np.ndarray:
        return self._found(self.load(name), name)

    def _found(self, table: Any, name: str) -> Any:
        if table is None and name in ("predictions", "labels"):
            raise ResultsError(f"{self.path}: no predictions; run the sweep with "
                               "trials.predictions: true into another directory")
        if table is None:
            raise ResultsError(f"{self.path}: no {name}. The file may be damaged; merge it again")
        return table

    @cached_property
    def sweep_text(self) -> str:
        """The sweep's YAML, verbatim; empty if the file does not hold it."""
        return self.load("sweep_text")

    @cached_property
    def chips(self) -> pd.DataFrame:
        """One row per (point, chip) with a complete trial: accuracy, agreement, loss [nat], repeats
        and squares, the sum over repeats of the squared distance of the accuracy from its mean."""
        from acimsweep.chips import chip_means

        return chip_means(self)

    @cached_property
    def statistics(self) -> pd.DataFrame:
        """point_statistics() of all points, computed once."""
        from acimsweep.statistics import point_statistics

        return point_statistics(self)

    @property
    def positions(self) -> int:
        """Predictions of the network for an image; 1 for a network with one vector of logits."""
        return int(self.attrs.get("positions", 1))

    @property
    def images(self) -> int:
        """Evaluation images of one trial; 0 where nothing has run and nothing says it."""
        if "images" in self.attrs:
            return int(self.attrs["images"])
        trials = self.trials
        return 0 if trials.empty else int((trials["first_image"] + trials["n_images"]).max())

    def bits(self, rows: np.ndarray) -> np.ndarray:
        """Rows of correct_bits, uint8 [rows, bytes], without reading the others."""
        return self._some_rows("correct_bits", rows)

    def predicted(self, rows: np.ndarray) -> np.ndarray:
        """Rows of predictions, uint16 [rows, items], without reading the others."""
        return self._some_rows("predictions", rows)

    def _some_rows(self, name: str, rows: np.ndarray) -> np.ndarray:
        if self.rows is None or name in self.__dict__:
            return getattr(self, name)[rows]
        return self._found(self.rows(name, np.asarray(rows)), name)

    def correct(self, row: int) -> np.ndarray:
        """Correctness of one row of trials: bool [n_images], or [n_images, positions] where the
        network predicts at several positions."""
        images = int(self.trials["n_images"].iloc[row])
        bits = np.unpackbits(self.bits(np.array([row]))[0], bitorder="little")
        items = bits[: images * self.positions].astype(bool)
        return items if self.positions == 1 else items.reshape(images, self.positions)

    def point(self, number: int | Mapping[str, Any] | None = None, **values: Any) -> Point:
        """One design point: by its number, as point(3), or by the values of swept parameters, as
        point(adc_bits=6, rows=144) or point({"adc.bits": 6, "macro.rows": 144}).

        A name is the path of a parameter or an ending that only one has, with dots or underscores;
        None stands for a point without the key. KeyError where no point has the number, SelectionError
        (a ResultsError) where no point or more than one has the values, TypeError for both at once.
        """
        if isinstance(number, Mapping):
            values = {**number, **values}
            number = None
        if number is None:
            from acimsweep.point_choice import choose_point

            return Point(self, choose_point(self, values))
        if values:
            raise TypeError("give the number of a point or values of parameters, not both")
        if number not in self.points.index:
            raise KeyError(f"{self.path}: no point {number}; there are {len(self.points)}")
        return Point(self, number)

    def where(self, condition: str) -> pd.DataFrame:
        """Rows of points that fulfil a condition such as "adc.bits >= 7 and accuracy > 0.9".

        Raises SelectionError, a ResultsError, for what is no condition over the columns.
        """
        from acimsweep.selection import select

        return self.points[select(self.points, condition)]

    def to_xarray(self) -> xr.Dataset:
        """The numeric points unstacked to a grid whose dimensions are the swept parameters, with
        units and long_name as attributes.

        Raises ResultsError where two points share all swept parameters, or nothing is swept.
        """
        from acimsweep.grids import points_grid

        return points_grid(self)

    def trials_xarray(self) -> xr.Dataset:
        """Complete trials as accuracy, agreement and loss [point, chip, repeat], NaN where one is
        missing; the swept parameters are coordinates along `point`."""
        from acimsweep.grids import trials_grid

        return trials_grid(self)


@dataclass(frozen=True, repr=False)
class Point:
    """One design point of a results file."""

    results: Results
    number: int

    @property
    def row(self) -> pd.Series:
        """Its row of Results.points."""
        return self.results.points.loc[self.number]

    @property
    def chips(self) -> pd.DataFrame:
        """Its rows of Results.chips, indexed by chip."""
        chips = self.results.chips
        return chips[chips["point"] == self.number].set_index("chip")

    @property
    def accuracy(self) -> Accuracy:
        """Its accuracy (0..1) with both intervals: mean, interval, kind, image_half_width, chips."""
        from acimsweep.point_accuracy import accuracy_of

        return accuracy_of(self)

    @property
    def layers(self) -> pd.DataFrame:
        """Its rows of Results.layers, indexed by the layers' names. ResultsError where there are none,
        as of a run directory whose results.h5 is not there or not up to date."""
        layers = self.results.layers
        if layers.empty:
            raise ResultsError(f"{self.results.path}: no layers here. acimsweep merge writes them")
        return layers[layers["point"] == self.number].set_index("layer")

    @property
    def deterministic(self) -> bool:
        """True where the point has no random term: one trial says everything."""
        return bool(self.row.get("deterministic", 0))

    def __str__(self) -> str:
        """Return the swept parameters of the point, or its number where nothing is swept."""
        names = self.results.parameters
        if not names:
            return f"point {self.number}"
        row = self.row
        return ", ".join(f"{short_name(name)}={value_text(row[name])}" for name in names)

    def __repr__(self) -> str:
        """Return number, parameters and accuracy in a line."""
        what = f": {self}" if self.results.parameters else ""
        accuracy = f"; accuracy {self.accuracy}" if "accuracy" in self.row else ""
        return f"<Point {self.number}{what}{accuracy}>"
