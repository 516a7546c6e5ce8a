# SPDX-License-Identifier: Apache-2.0
"""From a float model to one with quantised layers, and the calibration of its scales."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import nn

from acimsweep.torch.clipping import check_method
from acimsweep.torch.fold import batchnorms, fold_batchnorm
from acimsweep.torch.layers import QUANTISED, quantised_layers
from acimsweep.torch.matmul import MatMul
from acimsweep.torch.modules import call, replace
from acimsweep.torch.quantiser import Quantiser

_KEYS = ("weight_bits", "activation_bits", "per_channel")


def quantise(
    model: nn.Module,
    weight_bits: int = 4,
    activation_bits: int = 4,
    *,
    sample: Any = None,
    per_channel: bool = True,
    layers: Mapping[str, Mapping[str, Any] | None] | None = None,
    first_last_bits: int | None = None,
    weights: str = "mse",
    percentile: float = 99.9,
    inplace: bool = False,
) -> nn.Module:
    """Return the model with each nn.Conv2d, nn.Linear and MatMul rounded as the macro does it.

    sample: an input (a tensor, or a tuple of arguments), needed if the model has BatchNorm, which
        is folded into the layer in front of it first (`fold_batchnorm`): a macro holds the folded
        weights, so these are the ones that must be rounded.
    per_channel: one weight scale per output channel, else one per layer.
    layers: what differs by name pattern (`*`, `?`) of the module path: a mapping with weight_bits,
        activation_bits, per_channel, or None to leave the layer in float. Later entries win.
    first_last_bits: bits of weights and activations of the first and the last layer, in the order
        in which the model holds them, where `layers` says nothing else.
    weights: how weight scales are chosen: "max", "percentile" (with `percentile`), "mse".
    inplace: change the model itself, else a copy.

    Scales of activations need `calibrate` before the first use. All scales are parameters and are
    trained unless `freeze_scales`. Raises ValueError for a pattern that matches no layer, for bits
    out of range, for an unknown key, and for BatchNorm without a sample.
    """
    check_method(weights, percentile)
    if not inplace:
        model = copy.deepcopy(model)
    if type(model) in QUANTISED:
        raise ValueError("the model is a single layer; put it into nn.Sequential")
    targets = {n: m for n, m in model.named_modules() if type(m) in QUANTISED}
    base = {"weight_bits": weight_bits, "activation_bits": activation_bits,
            "per_channel": per_channel}  # fmt: skip
    plan = _plan(list(targets), base, dict(layers or {}), first_last_bits)
    _warn_of_attention(model)
    if sample is not None:
        fold_batchnorm(model, sample)
    elif batchnorms(model):
        raise ValueError(
            f"{batchnorms(model)[0]}: BatchNorm must be folded before weights are rounded; pass "
            "sample=, an input of the model, or call fold_batchnorm first"
        )
    for name, settings in plan.items():
        layer = targets[name]
        new = QUANTISED[type(layer)].of(layer, **settings)
        replace(model, name, new)
        if not isinstance(layer, MatMul):
            new.weight_quantiser.set_from(new.weight.detach(), weights, percentile)
    return model


def _plan(
    names: list[str],
    base: dict[str, Any],
    rules: dict[str, Mapping[str, Any] | None],
    first_last_bits: int | None,
) -> dict[str, dict[str, Any]]:
    """Settings of each layer that is quantised."""
    if not names:
        raise ValueError("the model has no nn.Conv2d, nn.Linear or MatMul that could be quantised")
    plan: dict[str, dict[str, Any] | None] = {name: dict(base) for name in names}
    if first_last_bits is not None:
        for name in (names[0], names[-1]):
            plan[name].update(weight_bits=first_last_bits, activation_bits=first_last_bits)
    for pattern, changes in rules.items():
        hit = [name for name in names if fnmatchcase(name, pattern)]
        if not hit:
            raise ValueError(f"layers: {pattern!r} matches no layer; there are {', '.join(names)}")
        unknown = set(changes or {}) - set(_KEYS)
        if unknown:
            raise ValueError(f"layers: {pattern!r} has {sorted(unknown)}; known are {_KEYS}")
        for name in hit:
            plan[name] = None if changes is None else {**(plan[name] or base), **changes}
    chosen = {name: settings for name, settings in plan.items() if settings is not None}
    for name, settings in chosen.items():
        if not 2 <= settings["weight_bits"] <= 8 or not 2 <= settings["activation_bits"] <= 9:
            raise ValueError(
                f"{name}: weight_bits {settings['weight_bits']} (2 to 8), "
                f"activation_bits {settings['activation_bits']} (2 to 9)"
            )
    return chosen


def _warn_of_attention(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if isinstance(module, nn.MultiheadAttention):
            warnings.warn(
                f"{name}: the products inside nn.MultiheadAttention are no modules and stay in "
                "float; write attention with nn.Linear and acimsweep.torch.MatMul",
                stacklevel=3,
            )
            return


def calibrate(
    model: nn.Module,
    batches: Iterable[Any],
    method: str = "mse",
    percentile: float = 99.9,
    layers: Mapping[str, str] | None = None,
) -> None:
    """Set the static scales of all activations from what passes in float on the batches.

    batches: inputs of the model, tensors or tuples of arguments; a few hundred images do.
    method: "max", "percentile" (of the magnitudes, nearest rank) or "mse" (least squared error of
        rounding); `layers` has other methods by name pattern. Of each operand about 65,536 values
        per batch are looked at, evenly spaced, and the extremes.

    Raises ValueError for an unknown method or pattern, RuntimeError for a layer that no batch
    reaches.
    """
    quantisers = _activation_quantisers(model)
    methods = dict.fromkeys(quantisers, method)
    for pattern, other in (layers or {}).items():
        hit = [name for name in quantisers if fnmatchcase(name.rpartition(".")[0], pattern)]
        if not hit:
            raise ValueError(f"layers: {pattern!r} matches no quantised layer")
        methods.update(dict.fromkeys(hit, other))
    for chosen in methods.values():
        check_method(chosen, percentile)
    every = [m for m in model.modules() if isinstance(m, Quantiser)]
    training = model.training
    model.eval()
    kept = {id(quantiser) for quantiser in quantisers.values()}
    for quantiser in every:
        quantiser.start(keep=id(quantiser) in kept)
    try:
        with torch.no_grad():
            for batch in batches:
                call(model, batch)
    finally:
        for quantiser in every:
            quantiser.stop()
        model.train(training)
    for name, quantiser in quantisers.items():
        try:
            quantiser.settle(methods[name], percentile)
        except RuntimeError as error:
            raise RuntimeError(f"{name}: {error}") from None


def _activation_quantisers(model: nn.Module) -> dict[str, Quantiser]:
    found = {}
    for name, layer in quantised_layers(model).items():
        found[f"{name}.input_quantiser"] = layer.input_quantiser
        if isinstance(layer, MatMul):
            found[f"{name}.weight_quantiser"] = layer.weight_quantiser
    if not found:
        raise ValueError("the model has no quantised layer; call quantise first")
    return found


def freeze_scales(model: nn.Module, frozen: bool = True) -> None:
    """Keep the scales where they are in training, or let them be trained (as at first)."""
    for module in model.modules():
        if isinstance(module, Quantiser):
            module.log_scale.requires_grad_(not frozen)


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return groups for a torch optimiser: scales, biases and gains without weight decay."""
    scales = {id(m.log_scale) for m in model.modules() if isinstance(m, Quantiser)}
    parameters = [p for p in model.parameters() if p.requires_grad]
    plain = [p for p in parameters if id(p) in scales or p.dim() < 2]
    rest = [p for p in parameters if not (id(p) in scales or p.dim() < 2)]
    return [
        {"params": rest, "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
