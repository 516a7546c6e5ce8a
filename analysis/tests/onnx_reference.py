# SPDX-License-Identifier: Apache-2.0
"""Computes an ONNX file in numpy, written from the operators' definitions; for tests only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from numpy.lib.stride_tricks import sliding_window_view
from onnx import numpy_helper

ERF = np.vectorize(math.erf)


def evaluate(path: str, x: np.ndarray) -> np.ndarray:
    """Returns the only output of a file for its only input; sums in float64, values in float32."""
    graph = onnx.load(path).graph
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    values[graph.input[0].name] = x
    for node in graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        inputs = [values[name] if name else None for name in node.input]
        result = OPERATORS[node.op_type](attributes, *inputs)
        is_float = result.dtype in (np.float64, np.float32)
        values[node.output[0]] = result.astype(np.float32) if is_float else result
    return values[graph.output[0].name]


def quant(a: dict, x, scale, zero, bits) -> np.ndarray:
    """QONNX Quant: rounding half to even, zero point 0."""
    assert a["rounding_mode"] == b"ROUND" and float(zero) == 0 and a["signed"] == a["narrow"]
    if a["signed"]:
        high = 2.0 ** (float(bits) - 1) - 1
        low = -high
    else:
        low, high = 0.0, 2.0 ** float(bits) - 1
    return np.clip(np.rint(x / scale), low, high).astype(np.float32) * scale


def along(a: dict, scale: np.ndarray, rank: int) -> np.ndarray:
    """A scale shaped so that it broadcasts along the node's axis."""
    if not scale.ndim:
        return scale
    return scale.reshape([-1 if i == a["axis"] else 1 for i in range(rank)])


def quantize_linear(a: dict, x, scale, zero) -> np.ndarray:
    """ONNX QuantizeLinear, saturating to the type of the zero point, which is 0 here."""
    assert not zero.any()
    limits = np.iinfo(zero.dtype)
    integer = np.clip(np.rint(x / along(a, scale, x.ndim)), limits.min, limits.max)
    return integer.astype(zero.dtype)


def dequantize_linear(a: dict, q, scale, zero) -> np.ndarray:
    """ONNX DequantizeLinear with zero point 0."""
    return q.astype(np.float32) * along(a, scale, q.ndim)


def conv(a: dict, x, w, b=None) -> np.ndarray:
    """Two-dimensional convolution of one group or several."""
    groups, (sy, sx) = a.get("group", 1), a["strides"]
    top, left, bottom, right = a["pads"]
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows = sliding_window_view(x, w.shape[2:], (2, 3))[:, :, ::sy, ::sx]
    parts = [
        np.einsum("nchwyx,mcyx->nmhw", part, kernel.astype(np.float64), optimize=True)
        for part, kernel in zip(
            np.split(windows, groups, 1), np.split(w, groups, 0), strict=True
        )
    ]
    y = np.concatenate(parts, 1)
    return y if b is None else y + b[:, None, None]


def max_pool(a: dict, x) -> np.ndarray:
    """Maximum over windows, without padding."""
    assert not any(a.get("pads", []))
    sy, sx = a["strides"]
    return sliding_window_view(x, a["kernel_shape"], (2, 3))[:, :, ::sy, ::sx].max((4, 5))


def gemm(a: dict, x, w, b) -> np.ndarray:
    """x times w, transposed if the node says so, plus b."""
    w = w.T if a.get("transB") else w
    return x.astype(np.float64) @ w.astype(np.float64) + b


def reshape(_: dict, x, shape) -> np.ndarray:
    """Reshape with 0 for "as it was" and -1 for "what is left"."""
    return x.reshape([x.shape[i] if n == 0 else n for i, n in enumerate(shape)])


def softmax(a: dict, x) -> np.ndarray:
    """Softmax along one axis."""
    e = np.exp(x.astype(np.float64) - x.max(a["axis"], keepdims=True))
    return e / e.sum(a["axis"], keepdims=True)


def layer_norm(a: dict, x, gain, shift) -> np.ndarray:
    """Layer normalisation over the last axis."""
    x = x.astype(np.float64)
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + a["epsilon"]) * gain + shift


def batch_norm(a: dict, x, gain, shift, mean, variance) -> np.ndarray:
    """Batch normalisation with stored statistics."""
    gain, shift, mean, variance = (v[:, None, None] for v in (gain, shift, mean, variance))
    return (x - mean) / np.sqrt(variance.astype(np.float64) + a["epsilon"]) * gain + shift


OPERATORS: dict[str, Any] = {
    "Quant": quant,
    "QuantizeLinear": quantize_linear,
    "DequantizeLinear": dequantize_linear,
    "Clip": lambda a, x, low, high: np.clip(x, low, high),
    "Conv": conv,
    "MaxPool": max_pool,
    "Gemm": gemm,
    "MatMul": lambda a, x, y: x.astype(np.float64) @ y.astype(np.float64),
    "Add": lambda a, x, y: x + y,
    "Mul": lambda a, x, y: x * y,
    "Div": lambda a, x, y: x / y,
    "Erf": lambda a, x: ERF(x),
    "Relu": lambda a, x: np.maximum(x, 0),
    "Softmax": softmax,
    "LayerNormalization": layer_norm,
    "BatchNormalization": batch_norm,
    "Flatten": lambda a, x: x.reshape(x.shape[0], -1),
    "Reshape": reshape,
    "Transpose": lambda a, x: x.transpose(a["perm"]),
    "ReduceMean": lambda a, x: x.mean(tuple(a["axes"]), keepdims=bool(a["keepdims"])),
    "GlobalAveragePool": lambda a, x: x.astype(np.float64).mean((2, 3), keepdims=True),
    "Identity": lambda a, x: x,
    "Constant": lambda a: numpy_helper.to_array(a["value"]),
}
