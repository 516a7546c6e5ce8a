# SPDX-License-Identifier: Apache-2.0
"""Images and labels as files that the program reads, exactly as the model would get them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

LARGEST_BYTE = 255
LARGEST_LABEL = 255  # of an IDX file of bytes


def as_arrays(dataset: Any, labels: Any, images: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the first `images` images, [N, ...], and labels, int64 [N], or [N, T] where the network
    predicts at T positions.

    `dataset` is an array or tensor of images with `labels` beside it, a pair (images, labels), or a
    sequence of pairs (image, label) such as a torch Dataset. Raises ValueError for labels that are
    missing, of another number, or no whole numbers from 0 up, and for images that are not finite.
    """
    if labels is None and isinstance(dataset, tuple) and len(dataset) == 2:
        dataset, labels = dataset
    if labels is None and _has_items(dataset):
        count = len(dataset) if images is None else min(images, len(dataset))
        pairs = [dataset[i] for i in range(count)]
        dataset = np.stack([_numpy(image) for image, _ in pairs])
        labels = np.stack([_numpy(label) for _, label in pairs])
    if labels is None:
        raise ValueError("labels are missing: pass labels=, a pair (images, labels), or a Dataset")
    x, y = _numpy(dataset), _numpy(labels)
    if y.ndim not in (1, 2) or len(x) != len(y):
        raise ValueError(f"{len(x)} images but labels of shape {y.shape}")
    x, y = x[:images], y[:images]
    if not len(y) or (y != y.astype(np.int64)).any() or y.min() < 0:
        raise ValueError("labels must be whole numbers from 0 up, and at least one")
    if not np.isfinite(x).all():
        raise ValueError("an image has a value that is not finite")
    return x, y.astype(np.int64)


def as_images(dataset: Any) -> np.ndarray:
    """Return images alone, [N, ...]: an array or tensor, or what `as_arrays` takes."""
    if isinstance(dataset, tuple) and len(dataset) == 2:
        dataset = dataset[0]
    if _has_items(dataset):
        return np.stack([_numpy(dataset[i][0]) for i in range(len(dataset))])
    return _numpy(dataset)


def write_set(folder: Path, name: str, x: np.ndarray, y: np.ndarray | None) -> dict[str, Any]:
    """Write images and labels into a folder; return the `data` block of a sweep that reads them.

    Images [N, H, W] or [N, C, H, W] that are bytes, or bytes divided by 255, become IDX; all others
    NPY of float32.
    """
    pixels, divisor = _as_bytes(x)
    if pixels is not None and (y is None or (y.ndim == 1 and y.max() <= LARGEST_LABEL)):
        # The program computes float32(p) * 1 / divisor: p / 255 to the bit.
        block: dict[str, Any] = {"format": "idx", "images": f"{name}-images.idx", "scale": 1.0}
        if divisor != 1:
            block["std"] = divisor
        write_idx(folder / block["images"], pixels)
        if y is not None:
            block["labels"] = f"{name}-labels.idx"
            write_idx(folder / block["labels"], y.astype(np.uint8))
        return block
    block = {"format": "npy", "images": f"{name}-images.npy", "scale": 1.0}
    if x.ndim == 4:
        block["layout"] = "NCHW"
    np.save(folder / block["images"], np.ascontiguousarray(x, np.float32))
    if y is not None:
        block["labels"] = f"{name}-labels.npy"
        np.save(folder / block["labels"], np.ascontiguousarray(y, np.int64))
    return block


def write_idx(path: Path, values: np.ndarray) -> None:
    """Write bytes as an IDX file."""
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    path.write_bytes(header + np.ascontiguousarray(values, np.uint8).tobytes())


def _as_bytes(x: np.ndarray) -> tuple[np.ndarray | None, int]:
    """Pixels as bytes and what they are divided by, or None where they are something else."""
    if x.ndim not in (3, 4):
        return None, 1
    if x.dtype == np.uint8:
        return x, 1
    steps = np.rint(x.astype(np.float64) * LARGEST_BYTE)
    if steps.min() < 0 or steps.max() > LARGEST_BYTE:
        return None, 1
    exact = steps.astype(np.float32) / np.float32(LARGEST_BYTE) == x.astype(np.float32)
    return (steps.astype(np.uint8), LARGEST_BYTE) if exact.all() else (None, 1)


def _has_items(value: Any) -> bool:
    """Whether this is a data set of items, not an array."""
    return not hasattr(value, "shape") and hasattr(value, "__getitem__")


def _numpy(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value)
