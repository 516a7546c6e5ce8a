#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train the example networks on Fashion-MNIST and export them as ONNX.

Usage: /usr/bin/python3 data/train.py --network lenet --epochs 30 --out data/lenet_fmnist.onnx

The input of the exported file is `input`, float32 [N, 1, 28, 28] = pixel / 255 without any further
normalisation; its output is `logits`, float32 [N, 10]. Layers keep the names they have in this
file: a convolution `layer1.0.conv1` has the initialiser `layer1.0.conv1.weight`. BatchNormalization
stays a node of its own, because folding it here would lose those names.
"""

import argparse
import gzip
import struct
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 28
CLASSES = 10
BATCH = 128
LARGEST_SHIFT = 2  # pixels, in each direction

RECIPES = {
    "lenet": {"epochs": 30, "peak_rate": 4e-3, "weight_decay": 1e-3},
    "resnet20": {"epochs": 6, "peak_rate": 6e-3, "weight_decay": 2e-2},
}


class LeNet(nn.Module):
    """The network of LeCun et al. 1998 with ReLU and maximum pooling, 61,706 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, 10] of images [N, 1, 28, 28]."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, 1x1 where shapes differ (He et al. 2016)."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Conv2d(channels_in, channels, 1, stride, bias=False)
            self.downsample_bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return features [N, channels, H/stride, W/stride] of x [N, channels_in, H, W]."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        shortcut = x if self.downsample is None else self.downsample_bn(self.downsample(x))
        return F.relu(y + shortcut)


class ResNet20(nn.Module):
    """ResNet-20 of width 16 (He et al. 2016, section 4.2) for grey images."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, 1, 1, bias=False)
        self.stem_bn = nn.BatchNorm2d(width)
        self.layer1 = self._stage(width, width, 1)
        self.layer2 = self._stage(width, 2 * width, 2)
        self.layer3 = self._stage(2 * width, 4 * width, 2)
        self.fc = nn.Linear(4 * width, CLASSES)

    @staticmethod
    def _stage(channels_in: int, channels: int, stride: int) -> nn.Sequential:
        first = BasicBlock(channels_in, channels, stride)
        return nn.Sequential(first, *(BasicBlock(channels, channels, 1) for _ in range(2)))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, 10] of images [N, 1, 28, 28]."""
        x = F.relu(self.stem_bn(self.stem(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


NETWORKS = {"lenet": LeNet, "resnet20": ResNet20}


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
    """Return the images, float32 [N, 1, 28, 28] in 0..1, and labels, int64 [N], of one part."""
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
    """Return the top-1 accuracy in percent and the mean cross-entropy in nats."""
    model.eval()
    logits = torch.cat([model(chunk) for chunk in images.split(500)])
    right = (logits.argmax(1) == labels).double().mean().item()
    return 100.0 * right, F.cross_entropy(logits, labels).item()


def train(model: nn.Module, images: Tensor, labels: Tensor, epochs: int, recipe: dict) -> None:
    """Train in place with AdamW and a one-cycle learning rate; prints one line per epoch."""
    steps = len(images) // BATCH
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=recipe["peak_rate"], weight_decay=recipe["weight_decay"]
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe["peak_rate"], epochs=epochs, steps_per_epoch=steps, pct_start=0.25
    )
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        model.train()
        total = 0.0
        for chosen in torch.randperm(len(images))[: steps * BATCH].split(BATCH):
            loss = F.cross_entropy(model(augment(images[chosen])), labels[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        seconds = time.perf_counter() - start
        print(f"epoch {epoch:2d}/{epochs}  loss {total / steps:.4f}  {seconds:.1f} s", flush=True)


def export(model: nn.Module, path: Path) -> None:
    """Write the model as ONNX, opset 13, with a free batch axis and its own layer names."""
    model.eval()
    torch.onnx.export(
        model,
        torch.zeros(1, 1, SIDE, SIDE),
        str(path),
        opset_version=13,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
        input_names=["input"],
        output_names=["logits"],
        dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
    )


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the command line's values."""
    parser = argparse.ArgumentParser(description="Train an example network and export it as ONNX.")
    parser.add_argument("--network", choices=sorted(NETWORKS), required=True)
    parser.add_argument("--epochs", type=int, help="default: 30 for lenet, 6 for resnet20")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="results depend on it")
    parser.add_argument("--out", type=Path, help="default: <network>_fmnist.onnx beside this file")
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Train, print the accuracy on the 10,000 test images, and write the ONNX file."""
    options = parse(arguments)
    recipe = RECIPES[options.network]
    epochs = options.epochs or recipe["epochs"]
    out = options.out or Path(__file__).parent / f"{options.network}_fmnist.onnx"
    try:
        images, labels = load(options.data, "train")
        test_images, test_labels = load(options.data, "t10k")
    except (OSError, EOFError, ValueError) as error:
        print(f"{error}\nFashion-MNIST: apt-get install dataset-fashion-mnist", file=sys.stderr)
        return 2

    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    model = NETWORKS[options.network]()
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{options.network}: {parameters} parameters, torch {torch.__version__}", flush=True)
    train(model, images, labels, epochs, recipe)
    top1, loss = accuracy(model, test_images, test_labels)
    export(model, out)
    print(f"test top-1 {top1:.2f} %, loss {loss:.4f}, wrote {out} ({out.stat().st_size} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
