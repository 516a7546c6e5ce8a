# SPDX-License-Identifier: Apache-2.0
"""Writes a model as ONNX with its trained scales."""

from __future__ import annotations

import copy
import inspect
import os
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from acimsweep.atomic import atomic_path
from acimsweep.torch.export_forms import FORMS, QONNX_DOMAIN, Operand, export_form
from acimsweep.torch.modules import call, replace


def export(
    model: nn.Module,
    sample: Any,
    path: str | os.PathLike[str],
    *,
    form: str = "qonnx",
    opset: int = 17,
    input_name: str = "input",
    output_name: str = "logits",
) -> None:
    """Write a model, quantised or float, as ONNX with a free batch axis.

    sample: an input [N, ...]; only its shape counts.
    form: how scales and bits are written in front of each product, on the weight and on the input.
        "qonnx": one node `Quant` of domain qonnx.custom_op.general, any number of bits.
        "qdq": QuantizeLinear, Clip, DequantizeLinear of the ONNX standard, 8 bits at most.
    opset: 13 to 17.

    Weights have their module's name: `conv1.weight`. Noise is not written. The file is replaced as
    a whole. Raises ValueError for an unknown form, an opset outside 13..17 or bits that the form
    does not have, RuntimeError for a layer that was not calibrated or is not reached.
    """
    if form not in FORMS:
        raise ValueError(f"form {form!r}: there are {', '.join(FORMS)}")
    if not 13 <= opset <= 17:
        raise ValueError(f"opset {opset}: 13 to 17")
    path = Path(path)
    written = _written_form(model, sample, form)
    options: dict[str, Any] = {}
    if form == "qonnx" and any(isinstance(m, Operand) for m in written.modules()):
        options["custom_opsets"] = {QONNX_DOMAIN: 1}
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False  # the exporter that writes autograd functions as they say
    with atomic_path(path) as temporary, torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter knows no shapes of the Quant domain
        torch.onnx.export(
            written, sample, str(temporary), opset_version=opset,
            training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
            input_names=[input_name], output_names=[output_name],
            dynamic_axes={input_name: {0: "batch"}, output_name: {0: "batch"}},
            **options,
        )  # fmt: skip


def _written_form(model: nn.Module, sample: Any, form: str) -> nn.Module:
    """A copy of the model in evaluation mode, each layer as it is to be written."""
    written = copy.deepcopy(model).eval()
    ranks = _input_ranks(written, sample)
    for name, layer in list(written.named_modules()):
        if name not in ranks:
            continue
        new = export_form(layer, form, ranks[name], name)
        if new is None:
            continue
        if not name:
            return new.eval()
        replace(written, name, new.eval())
    return written


@torch.no_grad()
def _input_ranks(model: nn.Module, sample: Any) -> dict[str, int]:
    """Rank of the first input of every module that the sample reaches, by module path."""
    ranks: dict[str, int] = {}

    def hook(name: str):
        def remember(_: nn.Module, inputs: tuple) -> None:
            if inputs and isinstance(inputs[0], Tensor):
                ranks[name] = inputs[0].dim()

        return remember

    handles = [m.register_forward_pre_hook(hook(n)) for n, m in model.named_modules()]
    try:
        call(model, sample)
    finally:
        for handle in handles:
            handle.remove()
    return ranks
