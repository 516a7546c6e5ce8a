# SPDX-License-Identifier: Apache-2.0
"""The training loop: AdamW, one-cycle rate, augmented batches, a checkpoint after each epoch.

Products are computed in bfloat16 (autocast), which halves the time on processors that have it;
parameters, normalisation and softmax stay in float32, and accuracy is measured in float32.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from acimsweep.torch import parameter_groups, quantised_layers
from fashion import augment

BATCH = 128


@dataclass(frozen=True)
class Recipe:
    """How long and how fast one stage of one network is trained."""

    epochs: int
    peak_rate: float
    weight_decay: float
    images: int = 60_000  # of an epoch, drawn anew for each


def save(path: Path, **state: object) -> None:
    """Write a checkpoint as a whole: under another name first, then renamed."""
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)


def train(
    model: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe, checkpoint: Path | None
) -> float:
    """Train in place; return the seconds it took, all attempts together.

    Prints one line per epoch. Where `checkpoint` exists, training goes on behind its last epoch
    with the same random numbers as if it had not stopped.
    """
    steps = min(recipe.images, len(images)) // BATCH
    model.to(memory_format=torch.channels_last)  # about a tenth faster
    groups = [{"params": list(model.parameters()), "weight_decay": recipe.weight_decay}]
    if quantised_layers(model):
        groups = parameter_groups(model, recipe.weight_decay)  # scales do not decay
    optimiser = torch.optim.AdamW(groups, lr=recipe.peak_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.peak_rate, epochs=recipe.epochs, steps_per_epoch=steps, pct_start=0.25
    )
    done, seconds = 0, 0.0
    if checkpoint is not None and checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        done, seconds = state["epoch"], state["seconds"]
    for epoch in range(done + 1, recipe.epochs + 1):
        start = time.perf_counter()
        model.train()
        total = 0.0
        for chosen in torch.randperm(len(images))[: steps * BATCH].split(BATCH):
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(augment(images[chosen]))
            loss = F.cross_entropy(logits.float(), labels[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        taken = time.perf_counter() - start
        seconds += taken
        print(f"epoch {epoch}/{recipe.epochs}  loss {total / steps:.4f}  {taken:.1f} s", flush=True)
        if checkpoint is not None:
            save(checkpoint, model=model.state_dict(), optimiser=optimiser.state_dict(),
                 schedule=schedule.state_dict(), random=torch.get_rng_state(), epoch=epoch,
                 seconds=seconds)
    return seconds
