# SPDX-License-Identifier: Apache-2.0
"""Products with quantised operands: convolution, linear layer, product of two activations."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from acimsweep.torch.matmul import MatMul
from acimsweep.torch.noise import Noise
from acimsweep.torch.quantiser import Quantiser


class QuantConv2d(nn.Conv2d):
    """A convolution whose weight and input are rounded to the macro's integers.

    Parameters keep their names, `weight` and `bias`; the bias is added exactly.
    """

    @classmethod
    def of(
        cls, layer: nn.Conv2d, weight_bits: int, activation_bits: int, per_channel: bool
    ) -> QuantConv2d:
        """Return the quantised form of a layer; they share weight and bias."""
        new = cls(
            layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding,
            layer.dilation, layer.groups, layer.bias is not None, layer.padding_mode, device="meta",
        )  # fmt: skip
        shape = (layer.out_channels, 1, 1, 1) if per_channel else ()
        return _equip(new, layer, weight_bits, activation_bits, shape)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution [N, M, H', W'] of x [N, C, H, W]."""
        weight = self.weight_quantiser(self.weight)
        y = self._conv_forward(self.input_quantiser(x), weight, self.bias)
        return self.noise(y, self.unit)

    @property
    def unit(self) -> Tensor:
        """What one step of the integer product is worth, () or [M, 1, 1]."""
        unit = self.weight_quantiser.scale * self.input_quantiser.scale
        return unit.reshape(-1, 1, 1) if unit.dim() else unit


class QuantLinear(nn.Linear):
    """A linear layer whose weight and input are rounded to the macro's integers."""

    @classmethod
    def of(
        cls, layer: nn.Linear, weight_bits: int, activation_bits: int, per_channel: bool
    ) -> QuantLinear:
        """Return the quantised form of a layer; they share weight and bias."""
        new = cls(layer.in_features, layer.out_features, layer.bias is not None, device="meta")
        shape = (layer.out_features, 1) if per_channel else ()
        return _equip(new, layer, weight_bits, activation_bits, shape)

    def forward(self, x: Tensor) -> Tensor:
        """Return x [..., K] times the weight [M, K] transposed, plus the bias: [..., M]."""
        weight = self.weight_quantiser(self.weight)
        y = nn.functional.linear(self.input_quantiser(x), weight, self.bias)
        return self.noise(y, self.unit)

    @property
    def unit(self) -> Tensor:
        """What one step of the integer product is worth, () or [M]."""
        unit = self.weight_quantiser.scale * self.input_quantiser.scale
        return unit.reshape(-1) if unit.dim() else unit


class QuantMatMul(MatMul):
    """A product of two activations with both rounded to the macro's integers.

    The stored operand is signed and takes the weights' bits, the other one the activations' bits
    and the sign that calibration finds.
    """

    def __init__(self, stored: str, weight_bits: int, activation_bits: int) -> None:
        super().__init__(stored)
        self.weight_quantiser = Quantiser(weight_bits, True)
        self.input_quantiser = Quantiser(activation_bits, None)
        self.noise = Noise()

    @classmethod
    def of(
        cls, layer: MatMul, weight_bits: int, activation_bits: int, per_channel: bool
    ) -> QuantMatMul:
        """Return the quantised form of a product; `per_channel` has no meaning here."""
        return cls(layer.stored, weight_bits, activation_bits).train(layer.training)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Return a @ b, [..., M, N], of a [..., M, K] and b [..., K, N], both rounded."""
        if self.stored == "first":
            a, b = self.weight_quantiser(a), self.input_quantiser(b)
        else:
            a, b = self.input_quantiser(a), self.weight_quantiser(b)
        return self.noise(torch.matmul(a, b), self.unit)

    @property
    def unit(self) -> Tensor:
        """What one step of the integer product is worth, ()."""
        return self.weight_quantiser.scale * self.input_quantiser.scale


QUANTISED = {nn.Conv2d: QuantConv2d, nn.Linear: QuantLinear, MatMul: QuantMatMul}
QuantisedLayer = (QuantConv2d, QuantLinear, QuantMatMul)


def quantised_layers(model: nn.Module) -> dict[str, nn.Module]:
    """Return the quantised layers of a model by module path."""
    return {n: m for n, m in model.named_modules() if isinstance(m, QuantisedLayer)}


def _equip(new, layer, weight_bits: int, activation_bits: int, shape: tuple[int, ...]):
    new.weight, new.bias = layer.weight, layer.bias
    new.weight_quantiser = Quantiser(weight_bits, True, shape)
    new.input_quantiser = Quantiser(activation_bits, None)
    new.noise = Noise()
    return new.train(layer.training)
