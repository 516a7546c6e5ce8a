#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the small ONNX files in tests/fixtures/onnx that the importer's tests read.

Usage: /usr/bin/python3 data/make_fixtures.py [--out tests/fixtures/onnx] [--list]

Each fixture NAME is a file NAME.onnx with random weights and, beside it, NAME.h5 with the datasets
`x` (float32, a batch of 3) and `y` (float32, what PyTorch computes for x). Some graphs come from
torch.onnx.export; the others are put together by hand and computed by torch.nn.functional, so that
nothing of the project takes part in the expected values. Every weight comes from a generator seeded
with the fixture's name, so a fixture does not change when another one is added. Files called
unsupported_* or invalid_* must be refused and have no .h5; those called extra_* hold operators that
only shape or constant arithmetic needs.
"""

import argparse
import io
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import h5py
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

BATCH = 3
IR_VERSION = 8
SIZE_LIMIT = 40_000  # bytes
Shape = tuple[int, ...]


@dataclass
class Fixture:
    """One file: the graph, and the input and expected output where it can be computed."""

    model: onnx.ModelProto
    x: np.ndarray | None = None
    y: np.ndarray | None = None


@dataclass
class Graph:
    """A hand-made graph; nodes and initialisers keep the order in which they were added."""

    rng: np.random.Generator
    opset: int
    nodes: list = field(default_factory=list)
    initialisers: list = field(default_factory=list)

    def weight(self, name: str, *shape: int, raw: bool = True) -> Tensor:
        """Add a random float32 initialiser, as raw bytes or float_data; return its values."""
        values = self.rng.normal(0.0, 0.5, shape).astype(np.float32)
        self.constant(name, values, raw)
        return torch.from_numpy(values)

    def constant(self, name: str, values: np.ndarray, raw: bool = True) -> None:
        """Add an initialiser with the values given."""
        if raw:
            self.initialisers.append(numpy_helper.from_array(values, name))
        else:
            kind = numpy_helper.from_array(values).data_type
            self.initialisers.append(helper.make_tensor(name, kind, values.shape, values.ravel()))

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> None:
        """Add a node with one output and the name node_<output>."""
        self.nodes.append(
            helper.make_node(kind, inputs, [output], name=f"node_{output}", **attributes)
        )

    def finish(self, shape: Shape, compute: Callable[[Tensor], Tensor]) -> Fixture:
        """Close the graph: `input` [batch, *shape] to `logits`; compute gives the expected y."""
        x = self.rng.normal(0.0, 1.0, (BATCH, *shape)).astype(np.float32)
        y = compute(torch.from_numpy(x)).numpy()
        graph = helper.make_graph(
            self.nodes,
            "fixture",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", *shape])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", *y.shape[1:]])],
            self.initialisers,
        )
        opsets = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return Fixture(model, x, y)


def exported(rng: np.random.Generator, module: nn.Module, shape: Shape, opset: int) -> Fixture:
    """Fill a module with random weights and export it as data/train.py does."""
    for name, values in [*module.named_parameters(), *module.named_buffers()]:
        if name.endswith("num_batches_tracked"):
            continue
        drawn = rng.normal(0.0, 0.5, values.shape)
        if name.endswith("running_var"):
            drawn = np.abs(drawn) + 0.1
        values.data = torch.from_numpy(drawn.astype(np.float32))
    module.eval()
    x = torch.from_numpy(rng.normal(0.0, 2.0, (BATCH, *shape)).astype(np.float32))
    stream = io.BytesIO()
    torch.onnx.export(
        module,
        x[:1],
        stream,
        opset_version=opset,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
        input_names=["input"],
        output_names=["logits"],
        dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
    )
    return Fixture(onnx.load_from_string(stream.getvalue()), x.numpy(), module(x).numpy())


def conv_asymmetric(rng: np.random.Generator) -> Fixture:
    """Two groups, dilation 2x1, stride 1x2, four different pads (top, left, bottom, right)."""
    g = Graph(rng, 13)
    w, b = g.weight("conv.weight", 6, 2, 3, 3), g.weight("conv.bias", 6)
    g.node("Conv", ["input", "conv.weight", "conv.bias"], "logits", kernel_shape=[3, 3],
           pads=[1, 2, 0, 3], strides=[1, 2], dilations=[2, 1], group=2)
    return g.finish((4, 9, 10), lambda x: F.conv2d(
        F.pad(x, [2, 3, 1, 0]), w, b, stride=(1, 2), dilation=(2, 1), groups=2))


def conv_defaults(rng: np.random.Generator) -> Fixture:
    """A Conv without attributes or bias, its weight stored as float_data; 2x3 kernel."""
    g = Graph(rng, 17)
    w = g.weight("conv.weight", 5, 3, 2, 3, raw=False)
    g.node("Conv", ["input", "conv.weight"], "logits")
    return g.finish((3, 6, 7), lambda x: F.conv2d(x, w))


def conv_depthwise(rng: np.random.Generator) -> Fixture:
    """Depthwise 3x3, stride 2, with two outputs per channel, then pointwise 1x1."""
    return exported(rng, nn.Sequential(
        nn.Conv2d(6, 12, 3, 2, 1, groups=6), nn.ReLU(), nn.Conv2d(12, 4, 1)), (6, 9, 9), 15)


def conv_strided(rng: np.random.Generator) -> Fixture:
    """A 5x5 kernel with stride 3x2 and pad 2x1, no bias."""
    return exported(
        rng, nn.Conv2d(3, 5, 5, (3, 2), (2, 1), bias=False), (3, 12, 11), 17)


def conv_batchnorm(rng: np.random.Generator) -> Fixture:
    """BatchNormalization behind a Conv with and behind one without bias."""
    return exported(rng, nn.Sequential(
        nn.Conv2d(2, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(),
        nn.Conv2d(5, 4, 3, bias=False), nn.BatchNorm2d(4, eps=0.01)), (2, 8, 8), 13)


def linear_batchnorm(rng: np.random.Generator) -> Fixture:
    """BatchNormalization behind a Gemm."""
    return exported(rng, nn.Sequential(
        nn.Linear(12, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 5)), (12,), 15)


def clip_relu6(rng: np.random.Generator) -> Fixture:
    """Clip as torch writes ReLU6: the bounds are Constant nodes."""
    return exported(rng, nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU6(), nn.Conv2d(4, 3, 3)), (2, 8, 8), 13)


def clip_bounds(rng: np.random.Generator) -> Fixture:
    """Clip with initialisers as bounds, with only a lower and with only an upper bound."""
    g = Graph(rng, 17)
    for name, value in {"low": -0.5, "high": 0.75, "least": -0.25, "most": 0.5}.items():
        g.constant(name, np.array(value, np.float32))
    g.node("Clip", ["input", "low", "high"], "both")
    g.node("Clip", ["both", "least"], "lower")
    g.node("Clip", ["lower", "", "most"], "logits")
    return g.finish((3, 4, 4), lambda x: x.clamp(-0.25, 0.5))


def average_pool(include: bool) -> Callable[[np.random.Generator], Fixture]:
    """AveragePool 3x3, stride 2, pad 1, counting the padding or not (torch would write a Pad)."""
    def make(rng: np.random.Generator) -> Fixture:
        g = Graph(rng, 13)
        g.node("AveragePool", ["input"], "logits", kernel_shape=[3, 3], pads=[1, 1, 1, 1],
               strides=[2, 2], count_include_pad=int(include))
        return g.finish(
            (3, 8, 7), lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=include))
    return make


def average_pool_asymmetric(rng: np.random.Generator) -> Fixture:
    """AveragePool 2x3 with pads on the bottom and right only; padding not counted (the default)."""
    g = Graph(rng, 15)
    g.node("AveragePool", ["input"], "logits", kernel_shape=[2, 3], pads=[0, 0, 1, 2],
           strides=[2, 1])

    def compute(x: Tensor) -> Tensor:
        sums, ones = F.pad(x, [0, 2, 0, 1]), F.pad(torch.ones_like(x), [0, 2, 0, 1])
        return F.avg_pool2d(sums, (2, 3), (2, 1)) / F.avg_pool2d(ones, (2, 3), (2, 1))
    return g.finish((2, 5, 6), compute)


def max_pool(ceil: bool) -> Callable[[np.random.Generator], Fixture]:
    """MaxPool 3x3, stride 2, pad 1 over values of both signs; the size rounded down or up."""
    def make(rng: np.random.Generator) -> Fixture:
        return exported(rng, nn.MaxPool2d(3, 2, 1, ceil_mode=ceil), (3, 8, 6), 13)
    return make


def reshape_chain(rng: np.random.Generator) -> Fixture:
    """Identity on data and on a weight, Flatten, and Reshape with 0 and -1 in its shape."""
    g = Graph(rng, 13)
    w = g.weight("shared", 4, 12)
    shape = numpy_helper.from_array(np.array([0, 3, 4], np.int64), "shape")
    g.nodes.append(helper.make_node("Constant", [], ["shape"], name="node_shape", value=shape))
    g.constant("flat_shape", np.array([-1, 12], np.int64), raw=False)
    g.node("Identity", ["shared"], "fc.weight")
    g.node("Identity", ["input"], "same")
    g.node("Flatten", ["same"], "flat", axis=1)
    g.node("Reshape", ["flat", "shape"], "cut")
    g.node("Reshape", ["cut", "flat_shape"], "joined")
    g.node("Gemm", ["joined", "fc.weight"], "logits", transB=1)
    return g.finish((3, 2, 2), lambda x: x.flatten(1) @ w.T)


def gemm_variants(rng: np.random.Generator) -> Fixture:
    """Gemm with alpha and beta, with transB of both values, with a bias of rank 1, 2 and none."""
    g = Graph(rng, 15)
    w1, b1 = g.weight("fc1.weight", 9, 10), g.weight("fc1.bias", 9)
    w2, b2 = g.weight("fc2.weight", 9, 8), g.weight("fc2.bias", 1, 8)
    w3 = g.weight("fc3.weight", 8, 5)
    g.node("Gemm", ["input", "fc1.weight", "fc1.bias"], "a", alpha=0.5, beta=2.0, transB=1)
    g.node("Gemm", ["a", "fc2.weight", "fc2.bias"], "b", beta=0.25)
    g.node("Gemm", ["b", "fc3.weight"], "logits", alpha=-1.5, transB=0)
    return g.finish(
        (10,), lambda x: -1.5 * ((0.5 * x @ w1.T + 2 * b1) @ w2 + 0.25 * b2) @ w3)


def matmul(shape: Shape) -> Callable[[np.random.Generator], Fixture]:
    """MatMul and Add of a bias, the bias once behind and once in front, on the last axis."""
    def make(rng: np.random.Generator) -> Fixture:
        g = Graph(rng, 13 if len(shape) == 1 else 17)
        w1, b1 = g.weight("fc1.weight", shape[-1], 7), g.weight("fc1.bias", 7)
        w2, b2 = g.weight("fc2.weight", 7, 6), g.weight("fc2.bias", 6)
        g.node("MatMul", ["input", "fc1.weight"], "product1")
        g.node("Add", ["product1", "fc1.bias"], "sum1")
        g.node("Relu", ["sum1"], "hidden")
        g.node("MatMul", ["hidden", "fc2.weight"], "product2")
        g.node("Add", ["fc2.bias", "product2"], "logits")
        return g.finish(shape, lambda x: F.relu(x @ w1 + b1) @ w2 + b2)
    return make


class Residual(nn.Module):
    """A shortcut through 1x1, an identity shortcut, global average and a Linear."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.conv1 = nn.Conv2d(4, 6, 3, 2, 1)
        self.downsample = nn.Conv2d(4, 6, 1, 2)
        self.conv2 = nn.Conv2d(6, 6, 3, 1, 1, groups=6)
        self.fc = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, 5] of images [N, 1, 10, 10]."""
        x = F.relu(self.bn(self.stem(x)))
        x = F.max_pool2d(x, 2)
        x = F.relu(self.conv1(x) + self.downsample(x))
        x = F.relu(x + self.conv2(x))
        return self.fc(F.adaptive_avg_pool2d(x, 1).reshape(-1, 6))


def residual(opset: int) -> Callable[[np.random.Generator], Fixture]:
    """The same small residual network at a given opset."""
    return lambda rng: exported(rng, Residual(), (1, 10, 10), opset)


class AddClip(nn.Module):
    """ReLU6 of a sum: torch 1.13 sends the bounds through Cast nodes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the shape of x, [N, 2, H, W]."""
        return F.relu6(x + self.conv(x))


class SizeView(nn.Module):
    """x.view(x.size(0), -1): torch writes Shape, Gather, Unsqueeze, Concat and Reshape."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, 5] of x [N, 3, 2, 2]."""
        return self.fc(x.view(x.size(0), -1))


def extra_cast(rng: np.random.Generator) -> Fixture:
    """Cast of constants, which an importer may fold."""
    return exported(rng, AddClip(), (2, 6, 6), 13)


def extra_shape(rng: np.random.Generator) -> Fixture:
    """A chain of shape arithmetic, which an importer may fold."""
    return exported(rng, SizeView(), (3, 2, 2), 13)


def unsupported_sin(rng: np.random.Generator) -> Fixture:
    """An operator that no version of the importer reads, between two that it does."""
    g = Graph(rng, 13)
    w = g.weight("conv.weight", 2, 1, 3, 3)
    g.node("Conv", ["input", "conv.weight"], "a")
    g.node("Sin", ["a"], "b")
    g.node("Relu", ["b"], "logits")
    return Fixture(g.finish((1, 5, 5), lambda x: F.relu(torch.sin(F.conv2d(x, w)))).model)


def invalid_nan(rng: np.random.Generator) -> Fixture:
    """A weight that is not a number."""
    g = Graph(rng, 13)
    values = rng.normal(0.0, 0.5, (4, 6)).astype(np.float32)
    values[2, 3] = np.nan
    g.constant("fc.weight", values)
    g.node("Gemm", ["input", "fc.weight"], "logits", transB=1)
    return Fixture(g.finish((6,), lambda x: x @ torch.from_numpy(values).T).model)


FIXTURES: dict[str, Callable[[np.random.Generator], Fixture]] = {
    "conv_asymmetric": conv_asymmetric,
    "conv_defaults": conv_defaults,
    "conv_depthwise": conv_depthwise,
    "conv_strided": conv_strided,
    "conv_batchnorm": conv_batchnorm,
    "linear_batchnorm": linear_batchnorm,
    "clip_relu6": clip_relu6,
    "clip_bounds": clip_bounds,
    "average_pool_include_pad": average_pool(True),
    "average_pool_exclude_pad": average_pool(False),
    "average_pool_asymmetric": average_pool_asymmetric,
    "max_pool_padded": max_pool(False),
    "max_pool_ceil": max_pool(True),
    "reshape_chain": reshape_chain,
    "gemm_variants": gemm_variants,
    "matmul_rank2": matmul((8,)),
    "matmul_rank3": matmul((5, 8)),
    "residual_opset13": residual(13),
    "residual_opset15": residual(15),
    "residual_opset17": residual(17),
    "extra_cast": extra_cast,
    "extra_shape": extra_shape,
    "unsupported_sin": unsupported_sin,
    "invalid_nan": invalid_nan,
}


def write(name: str, folder: Path) -> None:
    """Make one fixture and write its files; fails if they are larger than a fixture may be."""
    fixture = FIXTURES[name](np.random.default_rng(zlib.crc32(name.encode())))
    onnx.checker.check_model(fixture.model)
    target = folder / f"{name}.onnx"
    target.write_bytes(fixture.model.SerializeToString(deterministic=True))
    written = [target]
    if fixture.y is not None:
        assert np.isfinite(fixture.y).all()
        written.append(folder / f"{name}.h5")
        with h5py.File(written[-1], "w") as file:
            file["x"], file["y"] = fixture.x, fixture.y
    for path in written:
        if path.stat().st_size > SIZE_LIMIT:
            raise ValueError(f"{path}: {path.stat().st_size} bytes, a fixture has {SIZE_LIMIT}")
    print(f"{name}: {', '.join(f'{p.name} {p.stat().st_size} bytes' for p in written)}")


def main(arguments: list[str]) -> int:
    """Write every fixture, or list their names and what they hold."""
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description="Make the ONNX fixtures of the importer's tests.")
    parser.add_argument("--out", type=Path, default=root / "tests" / "fixtures" / "onnx")
    parser.add_argument("--list", action="store_true", help="print the names and write nothing")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(FIXTURES))
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    with torch.no_grad():
        for name in FIXTURES:
            write(name, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
