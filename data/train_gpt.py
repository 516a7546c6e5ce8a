#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train the small decoder on a Markov source (markov.py) and write it with its data.

    /usr/bin/python3 data/train_gpt.py                data/gpt_markov.onnx and the two files below
    /usr/bin/python3 data/train_gpt.py --data-only    data/gpt_markov_test.npz, gpt_markov_train.npz

The network's input is `input`, int64 [N, 32] token numbers; its output `logits`, float32
[N, 32, 16]: position t predicts token t + 1. The files hold `images` uint8 [N, 32] and `labels`
uint8 [N, 32], the same sequence one token later.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "analysis"))

import acimsweep.torch as at  # noqa: E402
from language import Gpt  # noqa: E402
from markov import MarkovSource  # noqa: E402

LENGTH = 32
TEST, CALIBRATION = (1000, 1), (256, 2)  # sequences, seed; training draws with seeds from 10 on
BATCH, STEPS, PEAK_RATE, WEIGHT_DECAY = 32, 4000, 5e-3, 1e-2


def write_data(source: MarkovSource, folder: Path) -> None:
    """Write the evaluation and the calibration set."""
    for name, (count, seed) in (("test", TEST), ("train", CALIBRATION)):
        x = source.sample(count, LENGTH + 1, seed)
        np.savez(folder / f"gpt_markov_{name}.npz", images=x[:, :-1], labels=x[:, 1:])


def batch(source: MarkovSource, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return tokens and their successors, int64 [count, LENGTH] each."""
    x = torch.from_numpy(source.sample(count, LENGTH + 1, seed).astype(np.int64))
    return x[:, :-1], x[:, 1:]


def train(model: Gpt, source: MarkovSource, steps: int) -> None:
    """Train in place on sequences that are never seen twice; prints a line now and then."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, PEAK_RATE, total_steps=steps, pct_start=0.1
    )
    total = 0.0
    for step in range(1, steps + 1):
        x, y = batch(source, BATCH, 9 + step)
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        total += loss.item()
        if step % 500 == 0:
            print(f"step {step}/{steps}  loss {total / 500:.4f}", flush=True)
            total = 0.0


@torch.no_grad()
def report(model: Gpt, source: MarkovSource) -> None:
    """Print accuracy and perplexity on the evaluation set beside the best that can be reached."""
    x, y = batch(source, *TEST)
    logits = model.eval()(x).flatten(0, 1)
    loss = F.cross_entropy(logits, y.flatten()).item()
    right = (logits.argmax(1) == y.flatten()).double().mean().item()
    best = source.best_loss(LENGTH)
    print(f"test: top-1 {100 * right:.2f} %, loss {loss:.4f}, perplexity {np.exp(loss):.4f}; the "
          f"source itself {best:.4f}, {np.exp(best):.4f}", flush=True)


def main(arguments: list[str]) -> int:
    """Write the data; train and write the network."""
    parser = argparse.ArgumentParser(description="Train the small decoder and write it as ONNX.")
    parser.add_argument("--data-only", action="store_true", help="write the two data files only")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--folder", type=Path, default=HERE, help="of the files written")
    options = parser.parse_args(arguments)
    source = MarkovSource()
    write_data(source, options.folder)
    if options.data_only:
        return 0
    torch.manual_seed(1)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = Gpt(source.tokens, LENGTH)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, torch {torch.__version__}")
    start = time.perf_counter()
    train(model, source, options.steps)
    print(f"trained for {time.perf_counter() - start:.0f} s", flush=True)
    report(model, source)
    path = options.folder / "gpt_markov.onnx"
    at.export(model, torch.zeros(1, LENGTH, dtype=torch.int64), path)
    print(f"wrote {path} ({path.stat().st_size} bytes)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
