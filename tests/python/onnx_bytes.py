# SPDX-License-Identifier: Apache-2.0
"""Tiny ONNX models and metadata as protobuf bytes, without the onnx package."""

from __future__ import annotations

import numpy as np


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | str | bytes) -> bytes:
    """One field of a message: a number, or text or a message by its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, values: np.ndarray) -> bytes:
    dims = b"".join(field(1, size) for size in values.shape)
    return dims + field(2, 1) + field(8, name) + field(9, values.astype("<f4").tobytes())


def value_info(name: str, size: int) -> bytes:
    """float32 [N, size]"""
    dims = field(1, field(2, "N")) + field(1, field(1, size))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))


def linear_model(weights: np.ndarray, bias: np.ndarray) -> bytes:
    """A network of one linear layer `fc`: weights [outputs, inputs], bias [outputs]."""
    transposed = field(1, "transB") + field(3, 1) + field(20, 2)
    node = b"".join(field(1, name) for name in ("x", "fc.weight", "fc.bias"))
    node += field(2, "y") + field(3, "fc") + field(4, "Gemm") + field(5, transposed)
    graph = field(1, node) + field(2, "g")
    graph += field(5, tensor("fc.weight", weights)) + field(5, tensor("fc.bias", bias))
    graph += field(11, value_info("x", weights.shape[1]))
    graph += field(12, value_info("y", weights.shape[0]))
    return field(1, 8) + field(8, field(2, 13)) + field(7, graph)


def metadata(**properties: str) -> bytes:
    """Properties acimsweep.NAME, to be put behind the bytes of any model."""
    return b"".join(field(14, field(1, f"acimsweep.{name}") + field(2, value))
                    for name, value in properties.items())
