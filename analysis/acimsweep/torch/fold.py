# SPDX-License-Identifier: Apache-2.0
"""Batch normalisation goes into the layer in front of it, before weights are rounded."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from acimsweep.torch.modules import call, replace

TOLERANCE = 1e-4  # of the largest output; folding rounds once to float32, which is far less


@torch.no_grad()
def fold_batchnorm(model: nn.Module, sample: Any) -> list[str]:
    """Fold every BatchNorm into the nn.Conv2d or nn.Linear whose output is its input, in place.

    The normalisation becomes nn.Identity, and its layer gets a bias if it had none. Which belongs
    to which is seen in a run of `sample` (a tensor, or a tuple of arguments). Returns the folded
    modules' paths; one that follows something else stays as it is. Raises ValueError if the model
    computes something else afterwards, which it does if a layer's output has a second use: the
    model must then not be used any more.
    """
    training = model.training
    model.eval()
    pairs, before = _pairs(model, sample)
    for layer, norm in pairs.values():
        _fold(layer, norm)
    for path in pairs:
        replace(model, path, nn.Identity())
    after = call(model, sample)
    model.train(training)
    if isinstance(before, Tensor):
        error = float((after - before).abs().max()) / max(float(before.abs().max()), 1e-30)
        if not error <= TOLERANCE:
            raise ValueError(
                f"folding BatchNorm changed the output by {error:.1e} of its maximum: the output "
                "of a layer in front of one is used elsewhere too. Fold it by hand"
            )
    return list(pairs)


def batchnorms(model: nn.Module) -> list[str]:
    """Return the paths of the BatchNorm modules of a model."""
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d)
    return [name for name, module in model.named_modules() if isinstance(module, kinds)]


def _pairs(model: nn.Module, sample: Any) -> tuple[dict[str, tuple], Any]:
    """BatchNorm paths with (layer, norm), and the model's output."""
    produced: dict[int, tuple[nn.Module, Tensor]] = {}  # keeps tensors alive: ids stay unique
    calls: dict[nn.Module, int] = {}
    pairs: dict[str, tuple[nn.Module, nn.Module]] = {}
    names = {module: name for name, module in model.named_modules()}

    def remember(layer: nn.Module, _: Any, y: Tensor) -> None:
        calls[layer] = calls.get(layer, 0) + 1
        produced[id(y)] = layer, y

    def look(norm: nn.Module, inputs: tuple) -> None:
        calls[norm] = calls.get(norm, 0) + 1
        layer, y = produced.get(id(inputs[0]), (None, None))
        channels_last = isinstance(layer, nn.Linear) and y.dim() != 2
        if layer is not None and not channels_last and norm.track_running_stats:
            pairs[names[norm]] = layer, norm

    handles = []
    for name, module in model.named_modules():
        if type(module) in (nn.Conv2d, nn.Linear):
            handles.append(module.register_forward_hook(remember))
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            handles.append(module.register_forward_pre_hook(look))
    try:
        output = call(model, sample)
    finally:
        for handle in handles:
            handle.remove()
    once = {p: pair for p, pair in pairs.items() if all(calls[m] == 1 for m in pair)}
    return once, output


def _fold(layer: nn.Module, norm: nn.Module) -> None:
    """weight * g, (bias - mean) * g + shift with g = gain / sqrt(variance + eps), in float64."""
    gain = torch.rsqrt(norm.running_var.double() + norm.eps)
    shift = -norm.running_mean.double() * gain
    if layer.bias is not None:
        shift += layer.bias.double() * gain
    if norm.affine:
        shift = shift * norm.weight.double() + norm.bias.double()
        gain = gain * norm.weight.double()
    shape = (-1,) + (1,) * (layer.weight.dim() - 1)
    layer.weight.copy_((layer.weight.double() * gain.reshape(shape)).float())
    if layer.bias is None:
        layer.bias = nn.Parameter(shift.float())
    else:
        layer.bias.copy_(shift.float())
