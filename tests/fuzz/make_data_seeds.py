# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fuzz/seeds/data: a small file of each format behind the byte that names it."""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path

import h5py
import numpy as np

FOLDER = Path(__file__).parent / "seeds" / "data"
IMAGES = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
LABELS = np.array([0, 1], np.uint8)


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def seeds() -> dict[str, bytes]:
    idx = struct.pack(">I3I", 0x803, *IMAGES.shape) + IMAGES.tobytes()
    record = bytes([1]) + bytes(range(256)) * 12
    npz = io.BytesIO()
    np.savez_compressed(npz, images=IMAGES, labels=LABELS)
    hdf5 = io.BytesIO()
    with h5py.File(hdf5, "w") as file:
        file["images"], file["labels"] = IMAGES, LABELS
    return {
        "idx": b"\x00" + idx,
        "idx_gz": b"\x00" + gzip.compress(idx, mtime=0),
        "idx_labels": bytes([132]) + struct.pack(">II", 0x801, 2) + LABELS.tobytes(),
        "cifar10": b"\x01" + record,
        "cifar100": b"\x02" + b"\x00" + record,
        "npy": b"\x03" + npy(IMAGES),
        "npy_float": b"\x03" + npy(IMAGES.astype(np.float64)),
        "npz": b"\x04" + npz.getvalue(),
        "hdf5": b"\x05" + hdf5.getvalue(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in seeds().items():
        (FOLDER / name).write_bytes(content)
