# SPDX-License-Identifier: Apache-2.0
"""Gaussian errors on the outputs of products, for noise-aware training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from acimsweep.torch.modules import call


class Noise(nn.Module):
    """Adds a Gaussian to each element of a product's output while its layer is in training mode.

    `sigma` is the standard deviation in units of the integer product, as the engine reports it. The
    noise follows the scales of both operands, so that a network cannot train it away by larger
    weights. `in_eval` keeps it on in evaluation mode.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("sigma", torch.zeros(()))
        self.in_eval = False

    def forward(self, y: Tensor, unit: Tensor) -> Tensor:
        """Return y plus noise; `unit`, broadcastable to y, is what one integer step is worth."""
        if not (self.training or self.in_eval) or not bool(self.sigma > 0):
            return y
        return y + (self.sigma * unit.detach()) * torch.randn_like(y)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows of this module."""
        return f"sigma={float(self.sigma):.4g}"


def noise_modules(model: nn.Module) -> dict[str, Noise]:
    """Return the noise of every quantised product by the product's module path."""
    found = {n: m for n, m in model.named_modules() if isinstance(m, Noise)}
    return {name.rpartition(".")[0]: module for name, module in found.items()}


def set_noise(model: nn.Module, sigmas: Mapping[str, float]) -> None:
    """Set the noise of the named products, and none for all others.

    `sigmas` has standard deviations by module path in steps of the integer product, as in
    `error_sd` of a results file. An empty mapping switches noise off. Raises ValueError for an
    unknown name or a sigma that is not a number from 0 up.
    """
    modules = noise_modules(model)
    for name, sigma in sigmas.items():
        if name not in modules:
            raise ValueError(f"no quantised product is called {name!r}; there are {list(modules)}")
        if not 0 <= sigma < float("inf"):
            raise ValueError(f"{name}: sigma {sigma} is not a number from 0 up")
    for name, module in modules.items():
        module.sigma.fill_(float(sigmas.get(name, 0.0)))


def set_noise_in_eval(model: nn.Module, active: bool) -> None:
    """Keep noise on in evaluation mode, to measure what it does, or not (as at first)."""
    for module in noise_modules(model).values():
        module.in_eval = active


def set_proportional_noise(
    model: nn.Module, batches: Iterable[Tensor], fraction: float, *, of: str = "rms"
) -> dict[str, float]:
    """Set noise of a fixed fraction of each product's own size, as seen on the batches.

    `of` is "rms" (root mean square of the integer products) or "max" (their largest magnitude). A
    fraction f of the rms is an error of 20 log10(1/f) dB below the signal. The sigmas, which are
    returned by module path in steps of the integer product, are static from then on. Raises
    ValueError for a fraction below 0, another `of`, or no batches.
    """
    if of not in ("rms", "max") or not 0 <= fraction < float("inf"):
        raise ValueError(f"fraction {fraction} of {of!r}: a number from 0 up, of 'rms' or 'max'")
    set_noise(model, {})
    names = noise_modules(model)
    sizes: dict[str, _Size] = {name: _Size() for name in names}
    handles = [model.get_submodule(n).register_forward_hook(sizes[n].see) for n in names]
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for batch in batches:
                call(model, batch)
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    if not any(size.count for size in sizes.values()):
        raise ValueError("no batch reached a quantised product")
    sigmas = {name: fraction * getattr(size, of) for name, size in sizes.items()}
    set_noise(model, sigmas)
    return sigmas


class _Size:
    """How large the integer products of a layer are."""

    def __init__(self) -> None:
        self.square, self.count, self.max = 0.0, 0, 0.0

    def see(self, layer: nn.Module, _: Any, y: Tensor) -> None:
        """Take in one output of the layer: a forward hook."""
        bias = getattr(layer, "bias", None)
        if bias is not None:
            y = y - (bias[:, None, None] if isinstance(layer, nn.Conv2d) else bias)
        products = y / layer.unit
        self.square += float(products.double().square().sum())
        self.count += products.numel()
        self.max = max(self.max, float(products.abs().max()))

    @property
    def rms(self) -> float:
        """Root mean square of all that was seen."""
        return (self.square / max(self.count, 1)) ** 0.5


def sigmas_of_results(results: Any, point: int) -> dict[str, float]:
    """Return the standard deviation of each analog layer's error at a point of a results file.

    `results` is what `acimsweep.open_results` returns; the keys are its layers' names, which are
    module paths for networks written by `export`; units are integer products, as `set_noise` takes
    them. They hold for the bits of the sweep: train with the same ones. Digital layers are left
    out. Raises ValueError if the point has no layers or an error that was not measured.
    """
    rows = results.layers
    rows = rows[rows["point"] == point] if len(rows) else rows
    if not len(rows):
        raise ValueError(f"{results.path}: no layers of point {point}")
    rows = rows[rows["path"] != "digital"]
    sigmas = {str(n): float(s) for n, s in zip(rows["layer"], rows["error_sd"], strict=True)}
    unknown = [name for name, sigma in sigmas.items() if not 0 <= sigma < float("inf")]
    if unknown:
        raise ValueError(f"{results.path}: point {point} has no error_sd of {', '.join(unknown)}")
    return sigmas
