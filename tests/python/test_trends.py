# SPDX-License-Identifier: Apache-2.0
"""Trends that the paper on ASiM reports, on our networks (docs/trends.md).

Each is a difference of two points on the same images: per image the mean over chips, then the mean
over images in standard errors. Only what holds by more than 5 of them is asserted; under the
opposite a difference of 5 would come up once in three million. Seeds are fixed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acimsweep import Results, open_results
from sweep_cases import ROOT, finished, needs_data

pytestmark = needs_data

BASE = {"workload.images": 400, "trials.chips": 2, "trials.repeats": 1, "grid": {}}

# ADC bits, random noise [LSB], nonlinear noise [% of full scale], hybrid levels, voted levels,
# samples, activation bits a cycle.
POINTS = {
    "lossless": (8, 0, 0, 0, 0, 1, 1),
    "one bit fewer": (7, 0, 0, 0, 0, 1, 1),
    "random": (8, 0.255, 0, 0, 0, 1, 1),  # 0.1 % of full scale
    "nonlinear": (8, 0, 0.1, 0, 0, 1, 1),
    "beyond the cliff": (8, 0.3, 0, 0, 0, 1, 1),
    "hybrid": (8, 0.3, 0, 3, 0, 1, 1),
    "votes": (8, 0.3, 0, 0, 3, 3, 1),
    "2 bits a cycle": (8, 0, 0, 0, 0, 1, 2),
    "2 bits, finer ADC": (10, 0, 0, 0, 0, 1, 2),
    "4 bits a cycle": (9, 0, 0, 0, 0, 1, 4),
    "4 bits, finer ADC": (12, 0, 0, 0, 0, 1, 4),
}
KEYS = ("macro.adc.bits", "macro.noise.random.sigma", "macro.noise.nonlinear.sigma",
        "macro.hybrid.levels", "macro.voting.levels", "macro.voting.samples",
        "macro.bits_per_cycle")


def by_image(results: Results) -> list[np.ndarray]:
    """Per point the share of chips that classify each image correctly [images]."""
    points: list[list[np.ndarray]] = [[] for _ in results.points.index]
    for row, point in enumerate(results.trials["point"]):
        points[point].append(results.correct(row))
    return [np.mean(chips, axis=0) for chips in points]


def sigmas(better: np.ndarray, worse: np.ndarray) -> float:
    """The mean difference in standard errors."""
    difference = better - worse
    return difference.mean() / (difference.std(ddof=1) / len(difference) ** 0.5)


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    settings = BASE | {"macro.noise.random.unit": "lsb",
                       "zip": {key: [p[i] for p in POINTS.values()] for i, key in enumerate(KEYS)}}
    file = finished(tmp_path_factory.mktemp("trends") / "run", settings,
                    file=ROOT / "sweeps" / "quickstart.yaml")
    return dict(zip(POINTS, by_image(open_results(file))))


@pytest.mark.parametrize("better, worse", [
    ("lossless", "one bit fewer"),
    ("lossless", "beyond the cliff"),
    ("nonlinear", "random"),
    ("hybrid", "beyond the cliff"),
    ("votes", "beyond the cliff"),
    ("hybrid", "votes"),
    ("lossless", "2 bits a cycle"),
    ("2 bits, finer ADC", "2 bits a cycle"),
    ("2 bits, finer ADC", "4 bits a cycle"),
    ("4 bits, finer ADC", "4 bits a cycle"),
])
def test_lenet(lenet: dict[str, np.ndarray], better: str, worse: str) -> None:
    assert sigmas(lenet[better], lenet[worse]) > 5


def test_lossless_equals_digital(tmp_path: Path, lenet: dict[str, np.ndarray]) -> None:
    settings = BASE | {"zip": {"macro.adc.bits": [8]}, "trials.chips": 1}
    results = open_results(finished(tmp_path / "run", settings,
                                    file=ROOT / "sweeps" / "quickstart.yaml"))
    assert results.points["agreement"][0] == 1
    assert results.points["accuracy"][0] == results.points["baseline_accuracy"][0]
    assert lenet["lossless"].mean() == results.points["accuracy"][0]


def test_training_with_noise_moves_the_cliff(tmp_path: Path) -> None:
    settings = BASE | {"workload.images": 300, "trials.chips": 1,
                       "grid": {"macro.noise.random.sigma": [0.35]}}
    networks = {name: by_image(open_results(finished(
        tmp_path / name, settings | {
            "workload.network": str(ROOT / "data" / f"resnet18_{name}_fmnist.onnx")},
        file=ROOT / "sweeps" / "noise_aware.yaml")))[0] for name in ("noise", "w4a4")}
    assert sigmas(networks["noise"], networks["w4a4"]) > 5
