# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST: reading, augmentation, and accuracy on it."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 28
FOLDER = Path("/usr/share/datasets/fashion-mnist")
LARGEST_SHIFT = 2  # pixels, in each direction


def read_idx(path: Path) -> np.ndarray:
    """Return the uint8 array of a gzipped IDX file.

    Raises ValueError if it is not an IDX file of bytes or does not have the length its header says.
    """
    with gzip.open(path, "rb") as stream:
        content = stream.read()
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    rank = content[3]
    start = 4 + 4 * rank
    if len(content) < start:
        raise ValueError(f"{path}: the header is cut off")
    shape = struct.unpack(f">{rank}I", content[4:start])
    values = np.frombuffer(content, np.uint8, offset=start)
    if values.size != int(np.prod(shape)):
        raise ValueError(f"{path}: holds {values.size} values, its header says {shape}")
    return values.reshape(shape)


def load(folder: Path, part: str) -> tuple[Tensor, Tensor]:
    """Return the images, float32 [N, 1, 28, 28] in 0..1, and labels, int64 [N], of one part.

    `part` is "train" (60,000 images) or "t10k" (10,000).
    """
    images = read_idx(folder / f"{part}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
    scaled = torch.from_numpy(images.astype(np.float32) / 255.0)
    return scaled.unsqueeze(1), torch.from_numpy(labels.astype(np.int64))


def augment(images: Tensor) -> Tensor:
    """Return the images [N, 1, 28, 28], each shifted by up to 2 pixels and mirrored by a coin."""
    count = images.shape[0]
    padded = F.pad(images, [LARGEST_SHIFT] * 4).squeeze(1)
    steps = torch.arange(SIDE)
    rows = torch.randint(0, 2 * LARGEST_SHIFT + 1, (count, 1)) + steps
    mirrored = torch.rand(count, 1) < 0.5
    order = torch.where(mirrored, SIDE - 1 - steps, steps)
    columns = torch.randint(0, 2 * LARGEST_SHIFT + 1, (count, 1)) + order
    picture = torch.arange(count)[:, None, None]
    return padded[picture, rows[:, :, None], columns[:, None, :]].unsqueeze(1)


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return the top-1 accuracy in percent and the mean cross-entropy in nats, in eval mode."""
    model.eval()
    logits = torch.cat([model(chunk) for chunk in images.split(500)])
    right = (logits.argmax(1) == labels).double().mean().item()
    return 100.0 * right, F.cross_entropy(logits, labels).item()
