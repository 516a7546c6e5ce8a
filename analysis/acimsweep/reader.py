# SPDX-License-Identifier: Apache-2.0
"""Opens results.h5 as pandas tables and xarray data sets (format: docs/result_format.md)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from acimsweep.results import ReplacedError, Results, ResultsError
from acimsweep.run_directory import PLAN, open_run
from acimsweep.stored import check, is_column, member, reading, values

RESULTS = "results.h5"  # in a run directory
SCHEMA_NAME = "acimsweep"
SCHEMA_VERSION = 1

_PARAMETER = "parameter"
_KEPT = {"predictions": "trials/predictions", "labels": "items/label"}  # where the sweep asked
_INTERNAL_ATTRIBUTES = ("CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid")


def open_store(path: str | os.PathLike[str]) -> Results:
    """Opens a results file, or a run directory.

    Of a directory its results.h5 where that holds every trial that the segments hold, because it has all
    columns; else what the segments hold at this moment (open_run), which lacks intervals, costs and
    layers. Results.path says which. The columns of a file are read when first used, segments at once.
    Raises ResultsError for a file that is not HDF5, has another schema_name, or another
    schema_version, and for a directory that is none of a run; FileNotFoundError where there is none.
    """
    place = Path(path)
    if not place.is_dir():
        return _open_file(os.fspath(path))
    file = place / RESULTS
    if file.is_file() and not (place / PLAN).exists():
        return _open_file(str(file))
    live = open_run(place)
    try:
        stored = _open_file(str(file)) if file.is_file() else None
        return live if stored is None or not _holds(stored, live) else stored
    except ResultsError:  # damaged, or replaced at this moment
        return live


def _holds(stored: Results, live: Results) -> bool:
    """True if a results file is of the plan in force and has every trial that the segments have."""
    alike = all(stored.attrs.get(n) == live.attrs.get(n)
                for n in ("seed", "data_hash", "model_version", "images"))
    return (alike and list(stored.points.get("point_id", [])) == list(live.points["point_id"])
            and len(stored.trials) >= len(live.trials))


def _open_file(name: str) -> Results:
    if not os.path.exists(name):
        raise FileNotFoundError(f"{name}: no such file; run the sweep first (acimsweep run)")
    store = _StoredFile(name, _identity(name))
    with store.open() as file:
        _check_schema(name, file)
        columns = dict(_columns(file["/"]))
        return Results(
            path=name,
            attrs=_attributes(file),
            parameters=[n for n, d in columns.items() if _text(d.attrs.get("role")) == _PARAMETER],
            units={n: _text(d.attrs.get("units")) for n, d in columns.items()},
            long_names={n: _text(d.attrs.get("long_name")) for n, d in columns.items()},
            load=store.load,
            rows=store.rows,
        )


open_results = open_store


def _identity(name: str) -> tuple[int, ...]:
    """What a file replaced by rename cannot share with the one that had its name before."""
    status = os.stat(name)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class _StoredFile:
    """A results file that is closed between reads and is still the one that was opened."""

    name: str
    identity: tuple[int, ...]

    @contextmanager
    def open(self) -> Iterator[h5py.File]:
        self._check()
        try:
            file = h5py.File(self.name, "r", locking=False)
        except OSError as error:
            self._check()
            raise ResultsError(f"{self.name}: not an HDF5 file, or damaged ({error})") from error
        with file, reading(self.name):
            self._check()  # now the open file is the checked one
            yield file

    def load(self, table: str) -> Any:
        with self.open() as file:
            if table == "points":
                points = _frame(file["/"], "point")
                return points.set_index("point", drop=True) if "point" in points else points
            if table == "correct_bits":
                return _correct_bits(file)
            if table in _KEPT:
                kept = member(file, _KEPT[table])
                return None if kept is None else values(kept)
            if table == "sweep_text":
                return _sweep_text(file)
            group = member(file, table)
            return _frame(group) if isinstance(group, h5py.Group) else pd.DataFrame()

    def rows(self, name: str, rows: np.ndarray) -> np.ndarray | None:
        """Rows of a column of the trials in the given order; None where the file has it not."""
        with self.open() as file:
            wanted, place = np.unique(rows, return_inverse=True)
            column = member(file, f"trials/{name}")
            if column is None:
                return None
            check(column)
            return column[wanted, :][place]

    def _check(self) -> None:
        try:
            same = _identity(self.name) == self.identity
        except FileNotFoundError:
            same = False
        if not same:
            raise ReplacedError(f"{self.name}: was replaced after it was opened. Open it again")


def _check_schema(name: str, file: h5py.File) -> None:
    schema = _text(file.attrs.get("schema_name"))
    if schema != SCHEMA_NAME:
        found = f"schema_name is {schema!r}" if schema else "it has no attribute schema_name"
        raise ResultsError(f"{name}: not a results file of acimsweep ({found})")
    version = file.attrs.get("schema_version")
    try:
        major = int(str(_text(version)).split(".")[0])
    except ValueError:
        major = -1
    if major != SCHEMA_VERSION:
        raise ResultsError(
            f"{name}: schema_version {_text(version)} (this package reads {SCHEMA_VERSION}). "
            "Use the analysis package that came with the program that wrote the file"
        )


def _columns(group: h5py.Group) -> Iterator[tuple[str, h5py.Dataset]]:
    """Columns of a table: lists of numbers or text that are not bare dimensions, in file order."""
    for key in group:
        item = member(group, key)
        if not is_column(item):
            continue
        if _text(item.attrs.get("NAME", "")).startswith("This is a netCDF dimension but not"):
            continue
        yield _text(item.attrs.get("spec_path")) or key.replace("|", "/"), item


def _frame(group: h5py.Group, dimension: str | None = None) -> pd.DataFrame:
    """A table of the columns in a group; with `dimension`, those as long as that dataset."""
    columns = dict(_columns(group))
    if dimension is not None:
        rows = len(columns[dimension]) if dimension in columns else 0
        columns = {n: d for n, d in columns.items() if len(d) == rows}
    return pd.DataFrame({name: values(dataset) for name, dataset in columns.items()})


def _correct_bits(file: h5py.File) -> np.ndarray:
    dataset = member(file, "trials/correct_bits")
    return np.zeros((0, 0), np.uint8) if dataset is None else values(dataset)


def _sweep_text(file: h5py.File) -> str:
    dataset = member(file, "provenance/sweep_yaml")
    if dataset is None:
        return ""
    check(dataset)
    if dataset.ndim != 0:
        raise ResultsError(f"{file.filename}: {dataset.name} is no text but has the shape "
                           f"{dataset.shape}")
    return _text(dataset[()])


def _attributes(file: h5py.File) -> dict[str, Any]:
    """Numbers and texts; lists of text, which none of the program's are, are not read."""
    names = [k for k in file.attrs if k not in _INTERNAL_ATTRIBUTES]
    ids = {k: file.attrs.get_id(k) for k in names}
    return {k: _scalar(file.attrs[k]) for k in names
            if ids[k].shape == () or h5py.check_string_dtype(ids[k].dtype) is None}


def _scalar(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(_scalar(value))
