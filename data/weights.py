# SPDX-License-Identifier: Apache-2.0
"""Reads a network's float parameters back from the ONNX file that train.py wrote."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn


def read_parameters(path: Path) -> dict[str, Tensor]:
    """Return the initialisers of an ONNX file by name; linear weights as PyTorch has them, [M, K].

    Weights of linear layers on tokens stand in the file as MatMul reads them, [K, M]. Parameters
    that are equal are stored once, the others being names for them.
    """
    graph = onnx.load(str(path)).graph
    values = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]].clone()
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in values:
            values[node.input[1]] = values[node.input[1]].t().contiguous()
    return values


def load_float(model: nn.Module, path: Path) -> None:
    """Set a float model's parameters from its ONNX file.

    Raises ValueError if the file lacks one or has another shape for it.
    """
    found = read_parameters(path)
    state = model.state_dict()
    for name, value in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        if name not in found or found[name].shape != value.shape:
            there = tuple(found[name].shape) if name in found else "missing"
            raise ValueError(f"{path}: {name} is {there}, the network has {tuple(value.shape)}")
        state[name] = found[name]
    model.load_state_dict(state)
