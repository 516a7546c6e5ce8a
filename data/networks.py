# SPDX-License-Identifier: Apache-2.0
"""The example networks: LeNet, ResNet-20, a narrow ResNet-18 and a small vision transformer.

All take grey images, float32 [N, 1, 28, 28] = pixel / 255, and return logits [N, 10]. Needs
PYTHONPATH=analysis, which train.py sets itself.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from acimsweep.torch.matmul import MatMul

CLASSES = 10


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


class ResNet(nn.Module):
    """A residual network of basic blocks for small grey images (He et al. 2016).

    Stage k (1, 2, ...) has `blocks` basic blocks of width * 2^(k-1) channels; every stage but the
    first halves the resolution. The stem is one 3x3 convolution of stride 1.
    """

    def __init__(self, width: int, stages: int, blocks: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, 1, 1, bias=False)
        self.stem_bn = nn.BatchNorm2d(width)
        self.stages = stages
        channels = width
        for stage in range(stages):
            out = width << stage
            first = BasicBlock(channels, out, 1 if stage == 0 else 2)
            rest = (BasicBlock(out, out, 1) for _ in range(blocks - 1))
            setattr(self, f"layer{stage + 1}", nn.Sequential(first, *rest))
            channels = out
        self.fc = nn.Linear(channels, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, 10] of images [N, 1, 28, 28]."""
        x = F.relu(self.stem_bn(self.stem(x)))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017) whose two products are modules."""

    def __init__(self, width: int, heads: int, tokens: int) -> None:
        super().__init__()
        self.heads, self.tokens, self.depth = heads, tokens, width // heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.scores = MatMul(stored="first")  # the queries are stored, the keys come in
        self.mix = MatMul(stored="second")  # the values are stored, the scores come in
        self.out = nn.Linear(width, width)

    def _split(self, x: Tensor) -> Tensor:
        """Return x [N, T, width] as [N, heads, T, depth]."""
        return x.reshape(-1, self.tokens, self.heads, self.depth).transpose(1, 2)

    def masked(self, scores: Tensor) -> Tensor:
        """Return the scores [N, heads, T, T] that count; here all."""
        return scores

    def forward(self, x: Tensor) -> Tensor:
        """Return mixed tokens [N, T, width] of tokens x [N, T, width]."""
        query, key, value = self._split(self.query(x)), self._split(self.key(x)), self.value(x)
        scores = self.scores(query, key.transpose(2, 3)) * self.depth**-0.5
        scores = self.masked(scores)
        mixed = self.mix(torch.softmax(scores, -1), self._split(value))
        return self.out(mixed.transpose(1, 2).reshape(-1, self.tokens, self.heads * self.depth))


class Encoder(nn.Module):
    """One pre-norm transformer layer: attention and a two-layer perceptron, both residual."""

    def __init__(
        self, width: int, heads: int, tokens: int, hidden: int, attention: type = Attention
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = attention(width, heads, tokens)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens [N, T, width] of tokens x [N, T, width]."""
        x = x + self.attention(self.norm1(x))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class ViT(nn.Module):
    """A small vision transformer (Dosovitskiy et al. 2021) with a convolutional stem.

    The stem is two overlapping 3x3 convolutions of stride 2 (Xiao et al. 2021, "Early convolutions
    help transformers see better"), which give 7 x 7 tokens; the class is read from their mean.
    """

    def __init__(self, width: int = 64, layers: int = 4, heads: int = 4, hidden: int = 128) -> None:
        super().__init__()
        self.width, self.tokens = width, 49
        self.stem1 = nn.Conv2d(1, width // 2, 3, 2, 1, bias=False)
        self.stem1_bn = nn.BatchNorm2d(width // 2)
        self.stem2 = nn.Conv2d(width // 2, width, 3, 2, 1, bias=False)
        self.stem2_bn = nn.BatchNorm2d(width)
        self.position = nn.Parameter(0.02 * torch.randn(1, self.tokens, width))
        self.layers = nn.Sequential(
            *(Encoder(width, heads, self.tokens, hidden) for _ in range(layers))
        )
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, 10] of images [N, 1, 28, 28]."""
        x = F.relu(self.stem1_bn(self.stem1(x)))
        x = F.relu(self.stem2_bn(self.stem2(x)))
        x = x.reshape(-1, self.width, self.tokens).transpose(1, 2) + self.position
        return self.fc(self.norm(self.layers(x)).mean(1))


def lenet() -> nn.Module:
    """Return LeNet."""
    return LeNet()


def resnet20() -> nn.Module:
    """Return ResNet-20 of width 16 (He et al. 2016, section 4.2)."""
    return ResNet(width=16, stages=3, blocks=3)


def resnet18() -> nn.Module:
    """Return ResNet-18 with an eighth of its width (8 to 64 channels) and a 3x3 stem."""
    return ResNet(width=8, stages=4, blocks=2)


def vit() -> nn.Module:
    """Return the vision transformer: 4 layers of width 64, 4 heads, 49 tokens."""
    return ViT()


NETWORKS = {"lenet": lenet, "resnet20": resnet20, "resnet18": resnet18, "vit": vit}
