# SPDX-License-Identifier: Apache-2.0
"""Generated results files for the tests of the report, of any size and with any text in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

TEXT = h5py.string_dtype()
EVIL = "</script><script>window.hacked=1</script>"
EVIL_IMAGE = '"><img src=x onerror="window.hacked=2">'


@dataclass
class Sweep:
    """What `write_sweep` writes. without: columns to leave out; layers: their names; noisy: a
    fraction of each point's accuracy spreads over chips; blocks: of the energy."""

    points: int = 30
    name: str = "generated"
    layers: list[str] = field(default_factory=lambda: ["conv1", "conv2", "fc"])
    scheme: list[str] = field(default_factory=lambda: ["flash", "sar"])
    blocks: list[str] = field(default_factory=lambda: ["adc", "cells", "digital"])
    yaml: str = "name: generated\n"
    chips: int = 4
    complete: bool = True
    without: tuple[str, ...] = ()
    positions: int = 1


def write_sweep(path: Path, sweep: Sweep) -> Path:
    """Writes a results file of generated numbers, the same for the same sweep."""
    table = _table(sweep)
    with h5py.File(path, "w", track_order=True) as file:
        attributes: dict[str, Any] = {
            "schema_name": "acimsweep", "schema_version": np.int64(1), "title": sweep.name,
            "sweep_name": sweep.name, "seed": np.uint64(7), "chips": np.int64(sweep.chips),
            "repeats": np.int64(1), "images": np.int64(1000),
            "sweep_complete": np.int8(sweep.complete), "plan_sha256": "ab" * 32}
        if sweep.positions > 1:
            attributes["positions"] = np.int64(sweep.positions)
        for key, value in attributes.items():
            file.attrs[key] = value
        _column(file, "point", np.arange(sweep.points))
        for key, (values, units, role) in table.items():
            if key not in sweep.without:
                _column(file, key, values, units, role=role)
        _layers(file.create_group("layers", track_order=True), sweep)
        file.create_dataset("provenance/sweep_yaml", data=sweep.yaml, dtype=TEXT)
    return path


def _table(sweep: Sweep) -> dict[str, tuple[Any, str, str]]:
    """(values, units, role) by column, in the order of the file."""
    random = np.random.default_rng(3)
    n = sweep.points
    index = np.arange(n)
    bits = 4 + index % 7
    sigma = np.round(0.25 * (index // 7 % 9), 2)
    rows = 64 * 2 ** (index // 63 % 4)
    accuracy = 0.93 - 0.9 * np.exp(-0.55 * (bits - 3)) - 0.04 * sigma + random.normal(0, 0.01, n)
    half = 0.002 + 0.01 * sigma
    adc = 1e-9 * 2.0 ** (bits - 4) * 2000 / rows * random.uniform(0.9, 1.1, n)
    energies = {block: adc / (1 + i) ** 2 for i, block in enumerate(sweep.blocks)}
    energy = sum(energies.values(), np.full(n, 1e-12))
    scheme = [sweep.scheme[i % len(sweep.scheme)] for i in range(n)]
    table: dict[str, tuple[Any, str, str]] = {
        "macro.adc.bits": (bits, "bit", "parameter"),
        "macro.noise.random.sigma": (sigma, "lsb", "parameter"),
        "macro.rows": (rows, "1", "parameter"),
        "macro.adc.type": (scheme, "", "parameter"),
        "point_id": ([f"{i:064x}" for i in range(n)], "", "identity"),
        "status": (["done"] * n, "", "aggregate"),
        "n_trials": (np.full(n, sweep.chips), "1", "aggregate"),
        "n_chips": (np.full(n, sweep.chips), "1", "aggregate"),
        "accuracy": (accuracy, "1", "aggregate"),
        "accuracy_ci_low": (accuracy - half, "1", "aggregate"),
        "accuracy_ci_high": (accuracy + half, "1", "aggregate"),
        "loss": (3 * (1 - accuracy), "nat", "aggregate"),
        "baseline_accuracy": (np.full(n, 0.9), "1", "aggregate"),
        "deterministic": (np.zeros(n, np.int64), "1", "aggregate"),
        "energy": (energy, "J", "aggregate"),
        **{f"energy_{b}": (v, "J", "aggregate") for b, v in energies.items()},
        "tops_per_watt": (1.6e-6 / energy / 1e3, "1e12/J", "aggregate"),
        "latency": (1e-6 * bits, "s", "aggregate"),
        "area": (np.full(n, np.nan), "mm2", "aggregate"),
    }
    if sweep.positions > 1:
        perplexity = np.exp(3 * (1 - accuracy) + 2)
        table["perplexity"] = (perplexity, "1", "aggregate")
        table["perplexity_ci_low"] = (perplexity * 0.98, "1", "aggregate")
        table["perplexity_ci_high"] = (perplexity * 1.03, "1", "aggregate")
        table["baseline_perplexity"] = (np.full(n, perplexity.min() * 0.99), "1", "aggregate")
    return table


def _layers(group: h5py.Group, sweep: Sweep) -> None:
    count = sweep.points * len(sweep.layers)
    place = np.arange(count) % len(sweep.layers)
    _column(group, "point", np.repeat(np.arange(sweep.points), len(sweep.layers)))
    _column(group, "layer", sweep.layers * sweep.points, "")
    _column(group, "path", ["table"] * count, "")
    _column(group, "conversions", np.full(count, 1000))
    for i, block in enumerate(sweep.blocks):
        _column(group, f"energy_{block}", 1e-9 / (1.0 + i + place), "J")
    _column(group, "error_sd", 100.0 + 10 * place)
    _column(group, "output_sd", 2000.0 + 100 * place)
    _column(group, "csnr", 20.0 + place, "dB")


def _column(group: h5py.Group, name: str, values: Any, units: str = "1",
            role: str = "") -> None:
    text = isinstance(values, list)
    dataset = group.create_dataset(name.replace("/", "|"), data=values,
                                   dtype=TEXT if text else None)
    dataset.attrs["units"] = units
    if role:
        dataset.attrs["role"] = role
    if role == "parameter":
        dataset.attrs["spec_path"] = name
