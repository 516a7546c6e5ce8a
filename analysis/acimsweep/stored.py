# SPDX-License-Identifier: Apache-2.0
"""Reads objects of an HDF5 file that somebody else may have written.

A file may say anything in a few bytes: that a column has 10^12 rows, that it stands in another file, that
its values are Python objects. Sizes are checked before anything is allocated, links and other files
are not followed, and only numbers and text are read. What the HDF5 library itself does with a damaged
file is not in this module's hands; `acimsweep check FILE` reads it in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np

from acimsweep.results import ResultsError

MOST_BYTES = 4 << 30  # of one dataset
_SMALL = 1 << 20  # [byte] that any dataset may claim
_PACKED = 1032  # deflate's largest ratio
_BLOCK = 16 << 20  # [byte] of text that is read at once


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turns what h5py, numpy and pandas raise over a malformed file into a ResultsError."""
    try:
        yield
    except ResultsError:
        raise
    except (OSError, KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError,
            OverflowError, MemoryError) as error:
        raise ResultsError(f"{name}: not a results file of acimsweep, or damaged "
                           f"({type(error).__name__}: {error})") from error


def member(group: h5py.Group, path: str) -> Any:
    """The object at a path below a group, or None. Raises ResultsError for links to elsewhere."""
    found: Any = group
    for part in path.split("/"):
        link = found.get(part, getlink=True) if isinstance(found, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise ResultsError(f"{group.file.filename}: {path} is a link to another place or file, "
                               "which is not followed. Copy the values into the file")
        found = found[part]
    return found


def is_column(dataset: Any) -> bool:
    """A list of numbers or text."""
    if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1:
        return False
    return is_text(dataset) or dataset.dtype.kind in "biuf"


def is_text(dataset: h5py.Dataset) -> bool:
    return h5py.check_string_dtype(dataset.dtype) is not None


def values(dataset: h5py.Dataset) -> np.ndarray:
    """All values of a dataset of numbers or text. Raises ResultsError where they are not in the file,
    are of another kind, or are more than the file can hold or MOST_BYTES."""
    check(dataset)
    if not is_text(dataset):
        return dataset[...]
    return _text(dataset) if dataset.ndim == 1 else dataset.asstr("utf-8", "replace")[()]


def check(dataset: h5py.Dataset) -> None:
    """Raises as values() would, without reading."""
    place = f"{dataset.file.filename}: {dataset.name}"
    if not is_text(dataset) and dataset.dtype.kind not in "biuf":
        raise ResultsError(f"{place} holds neither numbers nor text ({dataset.dtype})")
    if is_text(dataset) and dataset.ndim > 1:  # a few bytes each, and each may be all of the file
        raise ResultsError(f"{place} is a table of text of shape {dataset.shape}; a list is read")
    if dataset.is_virtual or dataset.external:
        raise ResultsError(f"{place} keeps its values in other files, which are not read")
    claimed = int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    if claimed > MOST_BYTES or claimed > max(_SMALL, _PACKED * stored):
        raise ResultsError(f"{place} of shape {dataset.shape} claims {claimed} bytes and holds "
                           f"{stored}. The file may be damaged; write it again")


def _text(dataset: h5py.Dataset) -> np.ndarray:
    """Rows of text, which may all be one large text of the file: by blocks, so that their sum is known
    before it is too much."""
    rows, length, total = len(dataset), 1, 0
    out = np.empty(rows, object)
    first = 0
    while first < rows:
        block = dataset.asstr("utf-8", "replace")[first : first + length]
        size = sum(map(len, block))
        total += size
        if total > MOST_BYTES:
            raise ResultsError(f"{dataset.file.filename}: {dataset.name} holds more than "
                               f"{MOST_BYTES} characters")
        out[first : first + len(block)] = block
        first += len(block)
        length = max(1, min(1 << 16, _BLOCK * len(block) // max(size, 1)))
    return out
