# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST as 3 x 32 x 32 bytes in every format, and a linear network for it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from onnx_bytes import linear_model
from sweep_cases import IMAGES, LABELS, write_idx

COUNT = 120


def colour_images() -> tuple[np.ndarray, np.ndarray]:
    """(images uint8 [COUNT, 3, 32, 32], labels uint8 [COUNT]): a grey border, three shades."""
    raw = gzip.open(IMAGES).read(16 + 784 * COUNT)
    grey = np.frombuffer(raw, np.uint8, offset=16).reshape(COUNT, 28, 28)
    framed = np.pad(grey, ((0, 0), (2, 2), (2, 2)))
    labels = np.frombuffer(gzip.open(LABELS).read(8 + COUNT), np.uint8, offset=8)
    return np.stack([framed, framed // 2, 255 - framed], axis=1), labels


def write_network(path: Path) -> Path:
    random = np.random.default_rng(11)
    path.write_bytes(linear_model(random.normal(0, 0.02, (10, 3072)), random.normal(0, 1, 10)))
    return path


def idx(folder: Path, images: np.ndarray, labels: np.ndarray) -> str:
    write_idx(folder / "images", images)
    write_idx(folder / "labels", labels)
    return "format: idx, images: images, labels: labels"


def idx_gz(folder: Path, images: np.ndarray, labels: np.ndarray) -> str:
    for name, values in (("images", images), ("labels", labels)):
        plain = write_idx(folder / "plain", values)
        (folder / f"{name}.gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    return "format: idx, images: images.gz, labels: labels.gz"


def cifar10(folder: Path, images: np.ndarray, labels: np.ndarray) -> str:
    records = np.concatenate([labels[:, None], images.reshape(len(labels), -1)], axis=1)
    (folder / "batch1.bin").write_bytes(records[:50].tobytes())
    (folder / "batch2.bin").write_bytes(records[50:].tobytes())
    return "format: cifar10, images: [batch1.bin, batch2.bin]"


def npy(folder: Path, images: np.ndarray, labels: np.ndarray) -> str:
    np.save(folder / "images.npy", images)
    np.save(folder / "labels.npy", labels.astype(np.int64))
    return "format: npy, images: images.npy, labels: labels.npy, layout: NCHW"


def npy_channels_last(folder: Path, images: np.ndarray, labels: np.ndarray) -> str:
    np.save(folder / "images.npy", np.ascontiguousarray(images.transpose(0, 2, 3, 1)))
    np.save(folder / "labels.npy", labels.astype(np.int32))
    return "format: npy, images: images.npy, labels: labels.npy, layout: NHWC"


def npz(folder: Path, images: np.ndarray, labels: np.ndarray) -> str:
    np.savez(folder / "set.npz", images=images, labels=labels.astype(np.int64))
    return "format: npz, images: set.npz, layout: NCHW"


def npz_compressed(folder: Path, images: np.ndarray, labels: np.ndarray) -> str:
    np.savez_compressed(folder / "set.npz", images=images, labels=labels)
    return "format: npz, images: set.npz, layout: NCHW"


def hdf5(folder: Path, images: np.ndarray, labels: np.ndarray) -> str:
    with h5py.File(folder / "set.h5", "w") as file:
        file["images"] = images.transpose(0, 2, 3, 1)
        file["images"].attrs["layout"] = "NHWC"
        file["labels"] = labels.astype(np.int64)
    return "format: hdf5, images: set.h5"


def hdf5_chunked(folder: Path, images: np.ndarray, labels: np.ndarray) -> str:
    with h5py.File(folder / "set.h5", "w") as file:
        file.create_dataset("images", data=images, chunks=(7, 3, 32, 20), compression="gzip",
                            shuffle=True, fletcher32=True)
        file["labels"] = labels
    return "format: hdf5, images: set.h5, layout: NCHW"


# Each writes a set into a folder and gives the keys of workload.data that name it.
Writer = Callable[[Path, np.ndarray, np.ndarray], str]
WRITERS: list[Writer] = [idx_gz, cifar10, npy, npy_channels_last, npz, npz_compressed, hdf5,
                         hdf5_chunked]
