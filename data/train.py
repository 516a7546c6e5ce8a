#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train the example networks on Fashion-MNIST and write them as ONNX.

    /usr/bin/python3 data/train.py --network vit --stage float    data/vit_fmnist.onnx
    /usr/bin/python3 data/train.py --network vit --stage w4a4     data/vit_w4a4_fmnist.onnx and
                                                                  data/vit_noise_fmnist.onnx

Stage `float` trains from scratch. Stage `w4a4` starts from the float file: it folds BatchNorm,
rounds weights and activations to 4 bits, calibrates, fine-tunes and writes the first file, then
goes on with noise on every product's output and writes the second.

The input of every file is `input`, float32 [N, 1, 28, 28] = pixel / 255 without any further
normalisation; its output is `logits`, float32 [N, 10]. Layers keep the names they have in
networks.py: a convolution `layer1.0.conv1` has the initialiser `layer1.0.conv1.weight`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "analysis"))

import acimsweep.torch as at  # noqa: E402
import fashion  # noqa: E402
from loop import Recipe, train  # noqa: E402
from networks import NETWORKS  # noqa: E402
from weights import load_float  # noqa: E402

CALIBRATION_IMAGES = 512
NOISE_FRACTION = 0.1  # of each product's rms output

FLOAT = {
    "lenet": Recipe(epochs=30, peak_rate=4e-3, weight_decay=1e-3),
    "resnet20": Recipe(epochs=6, peak_rate=6e-3, weight_decay=2e-2),
    "resnet18": Recipe(epochs=5, peak_rate=6e-3, weight_decay=2e-2),
    "vit": Recipe(epochs=12, peak_rate=2e-3, weight_decay=5e-2),
}
QUANTISED = {
    "lenet": Recipe(epochs=2, peak_rate=1e-3, weight_decay=1e-3),
    "resnet20": Recipe(epochs=1, peak_rate=1e-3, weight_decay=1e-3),
    "resnet18": Recipe(epochs=2, peak_rate=1e-3, weight_decay=1e-3),
    "vit": Recipe(epochs=2, peak_rate=5e-4, weight_decay=1e-2),
}
NOISY = {
    "lenet": Recipe(epochs=2, peak_rate=1e-3, weight_decay=1e-3),
    "resnet20": Recipe(epochs=1, peak_rate=1e-3, weight_decay=1e-3, images=30_000),
    "resnet18": Recipe(epochs=1, peak_rate=1e-3, weight_decay=1e-3),
    "vit": Recipe(epochs=1, peak_rate=5e-4, weight_decay=1e-2, images=30_000),
}
# How weight scales start; chosen on 1,000 training images, where the other costs LeNet 4.5 points,
# the transformer 6, the residual networks less than 1.
WEIGHTS = {"lenet": "mse", "resnet20": "mse", "resnet18": "mse", "vit": "max"}
Data = tuple[Tensor, Tensor]


def report(what: str, model: nn.Module, test: Data) -> None:
    """Print accuracy and loss on the 10,000 test images."""
    top1, loss = fashion.accuracy(model, *test)
    print(f"{what}: test top-1 {top1:.2f} %, loss {loss:.4f}", flush=True)


def report_noisy(what: str, model: nn.Module, test: Data, draws: int = 3) -> None:
    """Print the mean accuracy on the test images with the model's noise on, seeds 0, 1, ..."""
    at.set_noise_in_eval(model, True)
    results = []
    for seed in range(draws):
        torch.manual_seed(seed)
        results.append(fashion.accuracy(model, *test)[0])
    at.set_noise_in_eval(model, False)
    listed = ", ".join(f"{value:.2f}" for value in results)
    print(f"{what}, noise on: test top-1 {sum(results) / draws:.2f} % ({listed})", flush=True)


def write(model: nn.Module, path: Path) -> None:
    """Write the ONNX file and print its size."""
    model.to(memory_format=torch.contiguous_format)
    at.export(model, torch.zeros(1, 1, fashion.SIDE, fashion.SIDE), path)
    print(f"wrote {path} ({path.stat().st_size} bytes)", flush=True)


def float_stage(options: argparse.Namespace, images: Data, test: Data) -> None:
    """Train from scratch and write the float network."""
    model = NETWORKS[options.network]()
    count = sum(p.numel() for p in model.parameters())
    print(f"{options.network}: {count} parameters, torch {torch.__version__}", flush=True)
    seconds = train(model, *images, FLOAT[options.network], checkpoint(options, "float"))
    print(f"trained for {seconds:.0f} s", flush=True)
    report("float", model, test)
    write(model, options.folder / f"{options.network}_fmnist.onnx")


def quantised_stage(options: argparse.Namespace, images: Data, test: Data) -> None:
    """Quantise the float network, fine-tune and write it, without noise and then with noise."""
    name = options.network
    model = NETWORKS[name]()
    load_float(model, options.folder / f"{name}_fmnist.onnx")
    report("float", model, test)
    model = at.quantise(model, 4, 4, sample=images[0][:1], weights=WEIGHTS[name])
    batches = images[0][:CALIBRATION_IMAGES].split(128)
    at.calibrate(model, batches)
    report("W4A4 calibrated", model, test)
    seconds = train(model, *images, QUANTISED[name], checkpoint(options, "w4a4"))
    print(f"fine-tuned for {seconds:.0f} s", flush=True)
    report("W4A4", model, test)
    write(model, options.folder / f"{name}_w4a4_fmnist.onnx")
    at.set_proportional_noise(model, batches, NOISE_FRACTION)
    report_noisy("W4A4", model, test)
    torch.manual_seed(options.seed)
    seconds = train(model, *images, NOISY[name], checkpoint(options, "noise"))
    print(f"fine-tuned with noise for {seconds:.0f} s", flush=True)
    report("noise-aware", model, test)
    report_noisy("noise-aware", model, test)
    write(model, options.folder / f"{name}_noise_fmnist.onnx")


def checkpoint(options: argparse.Namespace, stage: str) -> Path | None:
    """Return the file of a stage's checkpoint."""
    if options.checkpoints is None:
        return None
    options.checkpoints.mkdir(parents=True, exist_ok=True)
    return options.checkpoints / f"{options.network}_{stage}.pt"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the command line's values."""
    parser = argparse.ArgumentParser(description="Train an example network and write it as ONNX.")
    parser.add_argument("--network", choices=sorted(NETWORKS), required=True)
    parser.add_argument("--stage", choices=["float", "w4a4"], required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="results depend on it")
    parser.add_argument("--folder", type=Path, default=HERE, help="of the ONNX files")
    parser.add_argument("--checkpoints", type=Path, help="folder; training goes on from there")
    parser.add_argument("--data", type=Path, default=fashion.FOLDER)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run one stage of one network."""
    options = parse(arguments)
    try:
        images = fashion.load(options.data, "train")
        test = fashion.load(options.data, "t10k")
    except (OSError, EOFError, ValueError) as error:
        print(f"{error}\nFashion-MNIST: apt-get install dataset-fashion-mnist", file=sys.stderr)
        return 2
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    start = time.perf_counter()
    (float_stage if options.stage == "float" else quantised_stage)(options, images, test)
    print(f"all together {time.perf_counter() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
