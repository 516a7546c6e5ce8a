# SPDX-License-Identifier: Apache-2.0
"""What layers look like while they are written as ONNX: fixed scales, plain names."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from acimsweep.torch.fake_quant import fake_quantise, integer_range
from acimsweep.torch.layers import QuantConv2d, QuantLinear, QuantMatMul
from acimsweep.torch.matmul import MatMul
from acimsweep.torch.quantiser import Quantiser

QONNX_DOMAIN = "qonnx.custom_op.general"
FORMS = ("qonnx", "qdq")


class _Qonnx(torch.autograd.Function):
    """One Quant node: inputs x, scale, zero point 0, bits."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, bits: int, signed: bool) -> Tensor:
        return fake_quantise(x, scale, *integer_range(bits, signed))

    @staticmethod
    def symbolic(g: Any, x: Any, scale: Any, bits: int, signed: bool) -> Any:
        zero = g.op("Constant", value_t=torch.tensor(0.0))
        width = g.op("Constant", value_t=torch.tensor(float(bits)))
        flags = {"signed_i": int(signed), "narrow_i": int(signed), "rounding_mode_s": "ROUND"}
        return g.op(f"{QONNX_DOMAIN}::Quant", x, scale, zero, width, **flags).setType(x.type())


class _Qdq(torch.autograd.Function):
    """QuantizeLinear, Clip where the integers have fewer values than the type, DequantizeLinear."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, bits: int, signed: bool, axis: int) -> Tensor:
        shape = [-1 if i == axis else 1 for i in range(x.dim())] if scale.dim() else ()
        return fake_quantise(x, scale.reshape(shape), *integer_range(bits, signed))

    @staticmethod
    def symbolic(g: Any, x: Any, scale: Any, bits: int, signed: bool, axis: int) -> Any:
        dtype = torch.int8 if signed else torch.uint8
        sizes = scale.type().sizes() or []
        zero = g.op("Constant", value_t=torch.zeros(sizes, dtype=dtype))
        place = {"axis_i": axis} if sizes else {}
        integer = g.op("QuantizeLinear", x, scale, zero, **place)
        if signed or bits < 8:
            low, high = (torch.tensor(v, dtype=dtype) for v in integer_range(bits, signed))
            bounds = [g.op("Constant", value_t=value) for value in (low, high)]
            integer = g.op("Clip", integer, *bounds)
        return g.op("DequantizeLinear", integer, scale, zero, **place).setType(x.type())


class Operand(nn.Module):
    """A quantiser with its scale fixed; `axis` is that of the output channels, if any."""

    def __init__(self, quantiser: Quantiser, form: str, axis: int, place: str) -> None:
        super().__init__()
        if not quantiser.ready:
            raise RuntimeError(f"{place}: not calibrated; call acimsweep.torch.calibrate first")
        if form == "qdq" and quantiser.bits > 8:
            raise ValueError(f"{place}: {quantiser.bits} bits; form 'qdq' has 8 at most")
        self.form, self.axis = form, axis
        self.bits, self.signed = quantiser.bits, bool(quantiser.signed)
        scale = quantiser.scale.detach()
        if scale.dim() and form == "qdq":
            scale = scale.reshape(-1)
        elif scale.dim() == 2 and axis == 1:
            scale = scale.reshape(1, -1)
        self.register_buffer("scale", scale.clone().contiguous())

    def forward(self, x: Tensor) -> Tensor:
        """Return x on the grid of the scale."""
        if self.form == "qdq":
            return _Qdq.apply(x, self.scale, self.bits, self.signed, self.axis)
        return _Qonnx.apply(x, self.scale, self.bits, self.signed)


class ExportConv2d(nn.Module):
    """A quantised convolution with fixed scales."""

    def __init__(self, layer: QuantConv2d, form: str, name: str) -> None:
        super().__init__()
        self.weight, self.bias, self._layer = layer.weight, layer.bias, [layer]
        self.weight_quantiser = Operand(layer.weight_quantiser, form, 0, name)
        self.input_quantiser = Operand(layer.input_quantiser, form, 0, name)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of x."""
        weight = self.weight_quantiser(self.weight)
        return self._layer[0]._conv_forward(self.input_quantiser(x), weight, self.bias)


class ExportLinear(nn.Module):
    """A linear layer, quantised or not, whose weight is stored as its operator reads it.

    That is [M, K] for Gemm (inputs of rank 2) and [K, M] for MatMul, so that no Transpose stands
    between the initialiser `<layer>.weight` and the product.
    """

    def __init__(self, layer: nn.Linear, form: str, rank: int, name: str) -> None:
        super().__init__()
        weight = layer.weight.detach()
        self.flat = rank == 2
        self.weight = nn.Parameter(weight.clone() if self.flat else weight.t().contiguous())
        self.bias = layer.bias
        self.weight_quantiser = self.input_quantiser = None
        if isinstance(layer, QuantLinear):
            axis = 0 if self.flat else 1
            self.weight_quantiser = Operand(layer.weight_quantiser, form, axis, name)
            self.input_quantiser = Operand(layer.input_quantiser, form, 0, name)

    def forward(self, x: Tensor) -> Tensor:
        """Return the linear layer's output of x [..., K]."""
        weight = self.weight
        if self.weight_quantiser is not None:
            x, weight = self.input_quantiser(x), self.weight_quantiser(weight)
        if self.flat:
            return nn.functional.linear(x, weight, self.bias)
        y = torch.matmul(x, weight)
        return y if self.bias is None else y + self.bias


class ExportMatMul(MatMul):
    """A quantised product of two activations with fixed scales."""

    def __init__(self, layer: QuantMatMul, form: str, name: str) -> None:
        super().__init__(layer.stored)
        self.weight_quantiser = Operand(layer.weight_quantiser, form, 0, name)
        self.input_quantiser = Operand(layer.input_quantiser, form, 0, name)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Return a @ b, both rounded."""
        if self.stored == "first":
            return torch.matmul(self.weight_quantiser(a), self.input_quantiser(b))
        return torch.matmul(self.input_quantiser(a), self.weight_quantiser(b))


def export_form(layer: nn.Module, form: str, rank: int, name: str) -> nn.Module | None:
    """Return what stands in for a layer while it is written, or None if it stays as it is."""
    if isinstance(layer, QuantConv2d):
        return ExportConv2d(layer, form, name)
    if isinstance(layer, QuantMatMul):
        return ExportMatMul(layer, form, name)
    if isinstance(layer, QuantLinear) or type(layer) is nn.Linear:
        return ExportLinear(layer, form, rank, name)
    return None
