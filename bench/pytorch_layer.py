#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Time one analog layer, or all layers of a network, written plainly in PyTorch: the yardstick of
the engines' benchmarks.

Usage: /usr/bin/python3 bench/pytorch_layer.py --layer 64,64,3,32 --batch 1,4,16 --threads 2
       python3 bench/pytorch_layer.py --device cuda --layer 256 --noise all
       python3 bench/pytorch_layer.py --device cuda --network resnet20 --noise table

The layer is computed the way the public simulator ASiM works (Zhang et al., arXiv 2411.11022): for
every row group of whole channels, every weight bit plane and every activation bit, one convolution
of 0/1 planes in float32 gives the column sums of all outputs; then noise, ADC and shift-add are
element-wise operations on that tensor. Both noise terms are drawn for every conversion, a term
whose sigma is 0 is skipped. Buffers are allocated once and every operation that allows it runs in
place. One forward pass is one trial of the whole batch; a network's layers follow each other, each
on activations of its own. Weight planes are made before the clock starts. Use libopenblas0-openmp
on a CPU. On CUDA cuDNN may use TF32, in which sums of 0/1 planes are exact, and picks its fastest
algorithm. Without --batch the batch doubles until two more doublings gain nothing.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Macro:
    """The macro's parameters; sigma_lsb in ADC steps, nonlinear in percent of full scale."""

    weight_bits: int
    activation_bits: int
    rows: int
    adc_bits: int
    sigma_lsb: float
    nonlinear: float

    @property
    def levels(self) -> int:
        """The largest ADC code."""
        return 2**self.adc_bits - 1


@dataclass(frozen=True)
class Layer:
    """A convolution of size x size pixels, padded so that stride 1 keeps the size."""

    channels_in: int
    channels_out: int
    kernel: int
    size: int
    stride: int = 1

    @property
    def out_size(self) -> int:
        """The side of the output map."""
        return (self.size + self.stride - 1) // self.stride

    def groups(self, rows: int) -> list[slice]:
        """Return the channels of each row group, as many whole channels as fit in the rows."""
        channels = rows // self.kernel**2
        if channels == 0:
            raise ValueError(f"--rows {rows}: a {self.kernel}x{self.kernel} kernel does not fit")
        starts = range(0, self.channels_in, channels)
        return [slice(start, min(start + channels, self.channels_in)) for start in starts]

    def conversions(self, macro: Macro, batch: int) -> int:
        """Return the ADC conversions of one forward pass."""
        outputs = batch * self.channels_out * self.out_size**2
        planes = macro.weight_bits * macro.activation_bits
        return outputs * len(self.groups(macro.rows)) * planes

    def convolve(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """Return the sums of one group's inputs."""
        return F.conv2d(inputs, weights, stride=self.stride, padding=self.kernel // 2)


def resnet20() -> list[Layer]:
    """Return the layers of ResNet-20 on 28x28 images of one channel (He et al. 2016, section 4.2),
    shortcuts and the last layer among them, as data/resnet20_fmnist.onnx has them."""
    layers, channels, size = [Layer(1, 16, 3, 28)], 16, 28
    for width in (16, 32, 64):
        for block in range(3):
            stride = 2 if block == 0 and width > 16 else 1
            layers.append(Layer(channels, width, 3, size, stride))
            if stride > 1:
                layers.append(Layer(channels, width, 1, size, stride))
            channels, size = width, layers[-1].out_size
            layers.append(Layer(width, width, 3, size))
    return [*layers, Layer(64, 10, 1, 1)]


class AnalogLayer:
    """One layer with fixed weights on one device, with buffers for one batch size."""

    def __init__(self, layer: Layer, macro: Macro, weights: Tensor, batch: int) -> None:
        """Take integer weights [channels_out, channels_in, kernel, kernel] in two's complement."""
        self.layer, self.macro = layer, macro
        self.groups = layer.groups(macro.rows)
        self.weight_planes = [
            [((weights >> i) & 1)[:, group].float().contiguous() for group in self.groups]
            for i in range(macro.weight_bits)
        ]
        shape = (batch, layer.channels_out, layer.out_size, layer.out_size)
        self.output = torch.empty(shape, device=weights.device)
        self.spread = torch.empty_like(self.output)
        self.normal = torch.empty_like(self.output)

    def forward(self, activations: Tensor) -> Tensor:
        """Return the products, float32 [batch, channels_out, side, side], of unsigned integers.

        The result is in integer-product units and lives in a buffer that the next call overwrites.
        """
        macro = self.macro
        self.output.zero_()
        for j in range(macro.activation_bits):
            plane = ((activations >> j) & 1).float()
            for g, group in enumerate(self.groups):
                inputs = plane[:, group].contiguous()
                for i in range(macro.weight_bits):
                    sums = self.layer.convolve(inputs, self.weight_planes[i][g])
                    sign = -1 if i == macro.weight_bits - 1 else 1
                    scale = sign * 2 ** (i + j) * macro.rows / macro.levels
                    self.output.add_(self.convert(sums), alpha=scale)
        return self.output

    def convert(self, sums: Tensor) -> Tensor:
        """Turn column sums in counts into ADC codes, in place."""
        macro = self.macro
        if macro.nonlinear:
            torch.add(sums, 1.0, out=self.spread).rsqrt_()
            self.spread.mul_(self.normal.normal_())
        v = sums.div_(macro.rows).clamp_(0.0, 1.0)
        if macro.nonlinear:
            v.add_(self.spread, alpha=macro.nonlinear / 100.0)
        if macro.sigma_lsb:
            v.add_(self.normal.normal_(), alpha=macro.sigma_lsb / macro.levels)
        return v.clamp_(0.0, 1.0).mul_(macro.levels).round_()


def draw(layer: Layer, macro: Macro, batch: int, device: str) -> tuple[Tensor, Tensor]:
    """Return random weights and activations, integers of the widths given, always the same ones."""
    generator = torch.Generator().manual_seed(1)
    largest = 2 ** (macro.weight_bits - 1) - 1
    shape = (layer.channels_out, layer.channels_in, layer.kernel, layer.kernel)
    weights = torch.randint(-largest, largest + 1, shape, generator=generator)
    shape = (batch, layer.channels_in, layer.size, layer.size)
    activations = torch.randint(0, 2**macro.activation_bits, shape, generator=generator)
    return weights.int().to(device), activations.int().to(device)


def check(layer: Layer, device: str) -> None:
    """Fail unless the noise-free, lossless layer equals the integer convolution."""
    macro = Macro(8, 8, 255, 8, 0.0, 0.0)
    weights, activations = draw(layer, macro, 1, device)
    analog = AnalogLayer(layer, macro, weights, 1).forward(activations).cpu().double()
    exact = layer.convolve(activations.cpu().double(), weights.cpu().double())
    worst = (analog - exact).abs().max() / exact.abs().max()
    if worst > 1e-5:
        raise RuntimeError(f"the noise-free layer is off by {worst:.1e} of the largest product")


class AnalogNetwork:
    """Layers one after the other, each with operands of its own, for one batch size."""

    def __init__(self, layers: list[Layer], macro: Macro, batch: int, device: str) -> None:
        """Draw the operands and allocate everything."""
        self.device = device
        self.parts = []
        for layer in layers:
            weights, activations = draw(layer, macro, batch, device)
            self.parts.append((AnalogLayer(layer, macro, weights, batch), activations))

    def seconds(self) -> float:
        """Return the time of one forward pass."""
        self.wait()
        start = time.perf_counter()
        for analog, activations in self.parts:
            analog.forward(activations)
        self.wait()
        return time.perf_counter() - start

    def wait(self) -> None:
        """Let a device finish what it was given."""
        if self.device == "cuda":
            torch.cuda.synchronize()


def pass_rates(layers: list[Layer], macro: Macro, batch: int, device: str,
               repeat: int) -> list[float]:
    """Return conversions/s of `repeat` passes after one that is not counted, the fastest last."""
    network = AnalogNetwork(layers, macro, batch, device)
    conversions = sum(layer.conversions(macro, batch) for layer in layers)
    network.seconds()
    return sorted(conversions / network.seconds() for _ in range(repeat))


def doubled_batches(rates: dict[int, list[float]], most: int) -> Iterator[int]:
    """Yield 1, 2, 4, ... while one of the last two in `rates` was the fastest so far."""
    batch = 1
    while batch <= most:
        yield batch
        fastest = max(rates, key=lambda b: rates[b][-1], default=1)
        if batch >= 4 * fastest:
            return
        batch *= 2


def search(layers: list[Layer], macro: Macro,
           options: argparse.Namespace) -> dict[int, list[float]]:
    """Return the rates of each batch; ends early where memory or --time-limit does."""
    rates: dict[int, list[float]] = {}
    start = time.perf_counter()
    for batch in options.batch or doubled_batches(rates, options.most_batch):
        try:
            rates[batch] = pass_rates(layers, macro, batch, options.device, options.repeat)
        except RuntimeError as error:  # also torch.cuda.OutOfMemoryError
            if "memory" not in str(error) or not rates:
                raise
            print(f"batch {batch:4d}: does not fit in memory", flush=True)
            break
        print(f"batch {batch:4d}: {rates[batch][-1] / 1e6:8.1f} M conversions/s", flush=True)
        if time.perf_counter() - start > options.time_limit:
            break
    return rates


def int8_products(side: int = 8192, repeat: int = 10) -> float:
    """Return multiplications per second of PyTorch's int8 matrix product on CUDA (cuBLASLt)."""
    a = torch.randint(-8, 8, (side, side), dtype=torch.int8, device="cuda")
    b = torch.randint(-8, 8, (side, side), dtype=torch.int8, device="cuda").t()
    best = float("inf")
    for turn in range(repeat + 3):
        torch.cuda.synchronize()
        start = time.perf_counter()
        torch._int_mm(a, b)
        torch.cuda.synchronize()
        if turn >= 3:
            best = min(best, time.perf_counter() - start)
    return side**3 / best


NOISES = {"off": (0.0, 0.0), "lossless": (0.255, 0.0), "table": (0.5, 0.05)}


def integers(text: str) -> list[int]:
    """Read a list of positive integers separated by commas."""
    values = [int(part) for part in text.split(",")]
    if min(values) < 1:
        raise argparse.ArgumentTypeError(f"{text}: every number must be at least 1")
    return values


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the command line's values."""
    parser = argparse.ArgumentParser(description="Time analog layers in plain PyTorch.")
    parser.add_argument("--layer", type=integers, default=[64, 64, 3, 32],
                        help="input channels, output channels, kernel, image side; one number C "
                             "stands for C,C,3,16")
    parser.add_argument("--network", choices=["resnet20"], help="in place of --layer")
    parser.add_argument("--batch", type=integers, help="batches to try; default: 1, 2, 4, ...")
    parser.add_argument("--most-batch", type=int, default=4096)
    parser.add_argument("--time-limit", type=float, default=float("inf"), metavar="SECONDS",
                        help="no further batch of a noise after this time")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--noise", choices=[*NOISES, "all"],
                        help="in place of the sigmas: none, 0.255 LSB, 0.5 LSB + 0.05 %% nonlinear")
    parser.add_argument("--sigma-lsb", type=float, default=0.5, help="random noise, ADC steps")
    parser.add_argument("--nonlinear", type=float, default=0.05, help="percent of full scale")
    parser.add_argument("--weight-bits", type=int, default=8)
    parser.add_argument("--activation-bits", type=int, default=8)
    parser.add_argument("--rows", type=int, default=255)
    parser.add_argument("--adc-bits", type=int, default=8)
    parser.add_argument("--repeat", type=int, default=3, help="passes; the fastest counts")
    parser.add_argument("--int8", action="store_true",
                        help="only the rate of the int8 matrix product, on CUDA")
    options = parser.parse_args(arguments)
    if len(options.layer) == 1:
        options.layer = [options.layer[0], options.layer[0], 3, 16]
    if len(options.layer) != 4:
        parser.error("--layer: four numbers, for example 64,64,3,32, or one")
    if (options.device == "cuda" or options.int8) and not torch.cuda.is_available():
        parser.error("--device cuda and --int8: PyTorch finds no CUDA device")
    return options


def measure(name: str | None, macro: Macro, layers: list[Layer],
            options: argparse.Namespace) -> dict:
    """Return what is known of one noise."""
    rates = search(layers, macro, options)
    best = max(rates, key=lambda batch: rates[batch][-1])
    return {
        "layer": options.layer, "network": options.network, "noise": name,
        "device": options.device, "threads": options.threads, "torch": torch.__version__,
        "sigma_lsb": macro.sigma_lsb, "nonlinear": macro.nonlinear,
        "weight_bits": macro.weight_bits, "activation_bits": macro.activation_bits,
        "rows": macro.rows, "adc_bits": macro.adc_bits, "best_batch": best,
        "conversions_per_image": sum(layer.conversions(macro, 1) for layer in layers),
        "conversions_per_second": rates[best][-1], "passes": rates[best],
        "by_batch": {str(batch): passes[-1] for batch, passes in rates.items()},
    }


@torch.no_grad()
def main(arguments: list[str]) -> int:
    """Print the conversions per second of each batch, and last one line of JSON per noise."""
    options = parse(arguments)
    if options.int8:
        print(json.dumps({"int8": True, "products_per_second": int8_products()}))
        return 0
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = True
    layers = resnet20() if options.network else [Layer(*options.layer)]
    given = Macro(options.weight_bits, options.activation_bits, options.rows, options.adc_bits,
                  options.sigma_lsb, options.nonlinear)
    for layer in layers:
        check(layer, options.device)
    names = list(NOISES) if options.noise == "all" else [options.noise]
    results = []
    for name in names:
        sigma, nonlinear = NOISES.get(name, (given.sigma_lsb, given.nonlinear))
        macro = replace(given, sigma_lsb=sigma, nonlinear=nonlinear)
        results.append(measure(name, macro, layers, options))
    for result in results:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
