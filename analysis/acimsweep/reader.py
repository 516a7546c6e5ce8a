# SPDX-License-Identifier: Apache-2.0
"""Opens results.h5 as pandas tables and xarray data sets (format: docs/result_format.md)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from acimsweep.results import Results, ResultsError
from acimsweep.run_directory import open_run

SCHEMA_NAME = "acimsweep"
SCHEMA_VERSION = 1

_PARAMETER = "parameter"
_INTERNAL_ATTRIBUTES = ("CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid")


def open_results(path: str | os.PathLike[str]) -> Results:
    """Reads a whole results file, or what is finished in a run directory at this moment (open_run).

    Raises ResultsError for a file that is not HDF5, has another schema_name, or another
    schema_version; FileNotFoundError where there is none.
    """
    name = os.fspath(path)
    if os.path.isdir(name):
        return open_run(Path(name))
    if not os.path.exists(name):
        raise FileNotFoundError(f"{name}: no such file; run the sweep first (acimsweep run)")
    try:
        file = h5py.File(name, "r", locking=False)
    except OSError as error:
        raise ResultsError(f"{name}: not an HDF5 file, or damaged ({error})") from error
    with file:
        _check_schema(name, file)
        root = file["/"]  # unlike the file, the group keeps the order of creation
        columns = dict(_columns(root))
        points = _frame(root, "point")
        return Results(
            path=name,
            points=points.set_index("point", drop=True) if "point" in points else points,
            trials=_frame(file["trials"]) if "trials" in file else pd.DataFrame(),
            layers=_frame(file["layers"]) if "layers" in file else pd.DataFrame(),
            correct_bits=_correct_bits(file),
            attrs=_attributes(file),
            parameters=[n for n, d in columns.items() if _text(d.attrs.get("role")) == _PARAMETER],
            units={n: _text(d.attrs.get("units")) for n, d in columns.items()},
            sweep_text=_sweep_text(file),
        )


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
    """Columns of a table: datasets of rank 1 that are not bare dimensions, in file order."""
    for key in group:
        item = group[key]
        if not isinstance(item, h5py.Dataset) or item.ndim != 1:
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
    return pd.DataFrame({name: _values(dataset) for name, dataset in columns.items()})


def _values(dataset: h5py.Dataset) -> np.ndarray:
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return dataset.asstr()[...]
    return dataset[...]


def _correct_bits(file: h5py.File) -> np.ndarray:
    dataset = file.get("trials/correct_bits")
    return np.zeros((0, 0), np.uint8) if dataset is None else dataset[...]


def _sweep_text(file: h5py.File) -> str:
    dataset = file.get("provenance/sweep_yaml")
    return "" if dataset is None else _text(dataset[()])


def _attributes(file: h5py.File) -> dict[str, Any]:
    return {k: _scalar(v) for k, v in file.attrs.items() if k not in _INTERNAL_ATTRIBUTES}


def _scalar(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(_scalar(value))
