# SPDX-License-Identifier: Apache-2.0
"""From a PyTorch model to its accuracy on a macro, in one call."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from torch import Tensor, nn

from acimsweep.reader import Results, open_results
from acimsweep.torch.data_files import as_arrays, as_images, write_set
from acimsweep.torch.export import export
from acimsweep.program import find_program, run_program


@dataclass(frozen=True)
class Simulation:
    """What a simulated macro makes of a model; accuracies are top-1, from 0 to 1."""

    accuracy: float  # mean over chips
    interval: tuple[float, float]  # 95 % over chips, for these images
    image_half_width: float  # of the 95 % interval that the number of images leaves
    float_accuracy: float  # of the weights and activations without any rounding
    baseline_accuracy: float  # quantised, without any error of the macro
    layers: pd.DataFrame  # one row per layer: error_sd, csnr, conversions, energy, ...
    results: Results  # the whole results file
    folder: Path  # network.onnx, sweep.yaml, images, run/results.h5

    def __str__(self) -> str:
        """Return one line with the accuracies in percent."""
        low, high = self.interval
        return (
            f"accuracy {100 * self.accuracy:.2f} % ({100 * low:.2f} .. {100 * high:.2f} over "
            f"chips, +- {100 * self.image_half_width:.2f} images), without noise "
            f"{100 * self.baseline_accuracy:.2f} %, float {100 * self.float_accuracy:.2f} %"
        )


def simulate(
    model: nn.Module,
    sample: Tensor,
    dataset: Any,
    macro: Mapping[str, Any] | str = "asim_default",
    *,
    trials: int | Mapping[str, int] = 4,
    images: int | None = None,
    labels: Any = None,
    calibration: Any = None,
    weight_bits: int | None = None,
    activation_bits: int | None = None,
    quantisation: Mapping[str, Any] | None = None,
    layers: Sequence[Mapping[str, Any]] = (),
    seed: int = 1,
    folder: str | os.PathLike[str] | None = None,
    program: str | os.PathLike[str] | None = None,
    arguments: Sequence[str] = (),
) -> Simulation:
    """Run a model on a simulated macro and return its accuracy; the model is not changed.

    model: any torch.nn.Module that `export` can write, quantised by `quantise` or float.
    sample: an input [N, ...]; only its shape counts.
    dataset: images [N, ...] as the model takes them (array or tensor, with `labels`), a pair
        (images, labels), or a torch Dataset of pairs; the first `images` of them are evaluated.
        Labels are [N], or [N, T] where the model gives logits [N, T, V].
    macro: keys of the sweep file's `macro`, or the name or path of a preset.
    trials: chips, or {"chips": c, "repeats": r}.
    calibration: images, not those of the dataset, for the scales of a float model (all of them are
        used). Without any, the evaluated images are, which flatters the result slightly.
    weight_bits, activation_bits: of a float model's operands; None: those of the macro's preset, 8
        where it has none. Bits and scales in a quantised model's file come first.
    quantisation, layers, seed: as in the sweep file (docs/sweep_format.md).
    folder: where everything is kept; run again with the same folder, finished trials are not run
        twice. Default: a new temporary folder.
    program: the program; default $ACIM_BINARY, PATH, or one built in this repository.
    arguments: more arguments of `acimsweep run`, for example ["--threads", "4"].

    Raises ValueError for data that do not fit together, and ProgramError with the program's own
    message for all that it refuses.
    """
    found = find_program(program)
    place = Path(folder) if folder is not None else Path(tempfile.mkdtemp(prefix="acimsweep-"))
    place.mkdir(parents=True, exist_ok=True)
    export(model, sample, place / "network.onnx")
    x, y = as_arrays(dataset, labels, images)
    workload = {"network": "network.onnx", "images": len(y),
                "data": write_set(place, "data", x, y)}  # fmt: skip
    scales = dict(quantisation or {})
    if calibration is not None:
        inputs = as_images(calibration)
        workload["calibration"] = write_set(place, "calibration", inputs, None)
        scales.setdefault("images", len(inputs))
    else:
        scales.setdefault("images", 0)
    sweep = {
        "acimsweep": 1,
        "name": "simulate",
        "seed": seed,
        "workload": workload,
        "quantisation": scales,
        "macro": macro_block(macro),
        "layers": [dict(rule) for rule in layers],
        "trials": {"chips": trials} if isinstance(trials, int) else dict(trials),
    }
    # What is not given is not written: a preset's bits are defaults of the sweep.
    bits = {"weight_bits": weight_bits, "activation_bits": activation_bits}
    sweep |= {name: value for name, value in bits.items() if value is not None}
    file = place / "sweep.yaml"
    file.write_text(json.dumps(sweep, indent=2) + "\n")  # JSON is YAML
    run_program(found, "run", file, "-o", place / "run", "--quiet", *arguments)
    return _read(open_results(place / "run" / "results.h5"), place)


def macro_block(macro: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the sweep's `macro`; the path of a preset counts from here, not from the sweep file."""
    block = {"preset": macro} if isinstance(macro, str) else dict(macro)
    preset = block.get("preset", "")
    if "/" in preset or preset.endswith(".yaml"):
        block["preset"] = str(Path(preset).absolute())
    return block


def _read(results: Results, folder: Path) -> Simulation:
    point = results.points.iloc[0]
    return Simulation(
        accuracy=float(point["accuracy"]),
        interval=(float(point["accuracy_ci_low"]), float(point["accuracy_ci_high"])),
        image_half_width=float(point["accuracy_image_half_width"]),
        float_accuracy=float(point["float_accuracy"]),
        baseline_accuracy=float(point["baseline_accuracy"]),
        layers=results.layers[results.layers["point"] == 0].reset_index(drop=True),
        results=results,
        folder=folder,
    )
