#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Time one analog layer written plainly in PyTorch, the yardstick of the engine's benchmark.

Usage: /usr/bin/python3 bench/pytorch_layer.py --layer 64,64,3,32 --batch 1,4,16 --threads 2

The layer is computed the way the public simulator ASiM works (Zhang et al., arXiv 2411.11022): for
every row group of whole channels, every weight bit plane and every activation bit, one convolution
of 0/1 planes in float32 gives the column sums of all outputs; then noise, ADC and shift-add are
element-wise operations on that tensor. Both noise terms are drawn for every conversion, a term
whose sigma is 0 is skipped. Buffers are allocated once and every operation that allows it runs in
place. One forward pass is one trial of the whole batch. Weight planes are made before the clock
starts. Use libopenblas0-openmp.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass

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
    """A convolution with stride 1 whose output is as large as its input, size x size pixels."""

    channels_in: int
    channels_out: int
    kernel: int
    size: int

    def groups(self, rows: int) -> list[slice]:
        """Return the channels of each row group, as many whole channels as fit in the rows."""
        channels = rows // self.kernel**2
        if channels == 0:
            raise ValueError(f"--rows {rows}: a {self.kernel}x{self.kernel} kernel does not fit")
        starts = range(0, self.channels_in, channels)
        return [slice(start, min(start + channels, self.channels_in)) for start in starts]

    def conversions(self, macro: Macro, batch: int) -> int:
        """Return the ADC conversions of one forward pass."""
        outputs = batch * self.channels_out * self.size**2
        planes = macro.weight_bits * macro.activation_bits
        return outputs * len(self.groups(macro.rows)) * planes


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
        shape = (batch, layer.channels_out, layer.size, layer.size)
        self.output = torch.empty(shape, device=weights.device)
        self.spread = torch.empty_like(self.output)
        self.normal = torch.empty_like(self.output)

    def forward(self, activations: Tensor) -> Tensor:
        """Return the products, float32 [batch, channels_out, size, size], of unsigned integers.

        The result is in integer-product units and lives in a buffer that the next call overwrites.
        """
        macro = self.macro
        self.output.zero_()
        for j in range(macro.activation_bits):
            plane = ((activations >> j) & 1).float()
            for g, group in enumerate(self.groups):
                inputs = plane[:, group].contiguous()
                for i in range(macro.weight_bits):
                    sums = F.conv2d(inputs, self.weight_planes[i][g], padding="same")
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
    exact = F.conv2d(activations.cpu().double(), weights.cpu().double(), padding="same")
    worst = (analog - exact).abs().max() / exact.abs().max()
    if worst > 1e-5:
        raise RuntimeError(f"the noise-free layer is off by {worst:.1e} of the largest product")


def seconds_per_pass(analog: AnalogLayer, activations: Tensor, repeat: int) -> float:
    """Return the shortest of `repeat` passes after one that is not counted, in seconds."""
    best = float("inf")
    for turn in range(repeat + 1):
        start = time.perf_counter()
        analog.forward(activations)
        if activations.is_cuda:
            torch.cuda.synchronize()
        if turn > 0:
            best = min(best, time.perf_counter() - start)
    return best


def integers(text: str) -> list[int]:
    """Read a list of positive integers separated by commas."""
    values = [int(part) for part in text.split(",")]
    if min(values) < 1:
        raise argparse.ArgumentTypeError(f"{text}: every number must be at least 1")
    return values


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the command line's values."""
    parser = argparse.ArgumentParser(description="Time one analog layer in plain PyTorch.")
    parser.add_argument("--layer", type=integers, default=[64, 64, 3, 32],
                        help="input channels, output channels, kernel, image side")
    parser.add_argument("--batch", type=integers, default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--sigma-lsb", type=float, default=0.5, help="random noise, ADC steps")
    parser.add_argument("--nonlinear", type=float, default=0.05, help="percent of full scale")
    parser.add_argument("--weight-bits", type=int, default=8)
    parser.add_argument("--activation-bits", type=int, default=8)
    parser.add_argument("--rows", type=int, default=255)
    parser.add_argument("--adc-bits", type=int, default=8)
    parser.add_argument("--repeat", type=int, default=3, help="passes; the fastest counts")
    options = parser.parse_args(arguments)
    if len(options.layer) != 4:
        parser.error("--layer: four numbers, for example 64,64,3,32")
    return options


@torch.no_grad()
def main(arguments: list[str]) -> int:
    """Print the conversions per second of each batch, and last one line of JSON with the best."""
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    layer = Layer(*options.layer)
    macro = Macro(options.weight_bits, options.activation_bits, options.rows, options.adc_bits,
                  options.sigma_lsb, options.nonlinear)
    check(layer, options.device)
    rates = {}
    for batch in options.batch:
        weights, activations = draw(layer, macro, batch, options.device)
        analog = AnalogLayer(layer, macro, weights, batch)
        seconds = seconds_per_pass(analog, activations, options.repeat)
        rates[batch] = layer.conversions(macro, batch) / seconds
        print(f"batch {batch:3d}: {rates[batch] / 1e6:8.1f} M conversions/s", flush=True)
    best = max(rates, key=rates.get)
    print(json.dumps({
        "layer": options.layer, "device": options.device, "threads": options.threads,
        "torch": torch.__version__, "sigma_lsb": macro.sigma_lsb, "nonlinear": macro.nonlinear,
        "weight_bits": macro.weight_bits, "activation_bits": macro.activation_bits,
        "rows": macro.rows, "adc_bits": macro.adc_bits, "best_batch": best,
        "conversions_per_second": rates[best],
        "by_batch": {str(batch): rate for batch, rate in rates.items()},
    }))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
