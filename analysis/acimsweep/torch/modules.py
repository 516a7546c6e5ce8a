# SPDX-License-Identifier: Apache-2.0
"""Calling a model and exchanging its modules."""

from __future__ import annotations

from typing import Any

from torch import nn


def call(model: nn.Module, batch: Any) -> Any:
    """Return model(batch); a tuple holds several arguments."""
    return model(*(batch if isinstance(batch, tuple) else (batch,)))


def replace(model: nn.Module, path: str, new: nn.Module) -> None:
    """Put a module in the place of the one at this path, which is not the model itself."""
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, new)
