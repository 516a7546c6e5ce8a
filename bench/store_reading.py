#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long the Python package takes to open and use a results file of a million trials.

    PYTHONPATH=analysis bench/store_reading.py results.h5 [--points 100000] [--chips 10]

Makes a file of that size by repeating the points of a real one, in its columns and storage, and times
each step in a process of its own; prints a table with the largest memory of each.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

from acimsweep import find_front, open_store, point_statistics, yield_at

STEPS = {
    "`open_store`": lambda store: store,
    "and `points`": lambda store: store.points,
    "and `trials`": lambda store: store.trials,
    "and correctness of one trial": lambda store: store.correct(12345),
    "and `point_statistics`": lambda store: point_statistics(store),
    "and `yield_at`": lambda store: yield_at(store, 0.8),
    "and `find_front`, 1000 resamples": lambda store: find_front(store),
}


def grow(source: Path, target: Path, points: int, chips: int) -> None:
    """Repeats the points of a results file; every point gets `chips` chips of one block.

    Energies and correct images are moved at random, so that no two points are equal.
    """
    random = np.random.default_rng(1)
    with h5py.File(source) as old, h5py.File(target, "w", track_order=True) as new:
        for name, value in old.attrs.items():
            new.attrs[name] = value
        new.attrs["chips"] = chips
        for name in old["/"]:
            if isinstance(old[name], h5py.Dataset):
                copy(old[name], new, name, np.resize(old[name][()], points))
        new["point"][()] = np.arange(points)
        factor = np.exp(random.normal(0, 0.3, points))
        for name in ("tops_per_watt", "energy"):
            new[name][()] = new[name][()] * (factor if name == "energy" else 1 / factor)
        trials, rows = old["trials"], points * chips
        group = new.create_group("trials", track_order=True)
        for name in ("n_images", "agree", "cross_entropy"):
            copy(trials[name], group, name, np.resize(trials[name][()], rows))
        images = int(old.attrs["images"])
        middle = np.repeat(new["accuracy"][()] * images + random.normal(0, 3, points), chips)
        correct = np.clip(np.rint(middle + random.normal(0, 2, rows)), 0, images).astype(int)
        new["accuracy"][()] = correct.reshape(points, chips).mean(axis=1) / images
        copy(trials["correct"], group, "correct", correct)
        for name, values in (("point", np.repeat(np.arange(points), chips)),
                             ("chip", np.tile(np.arange(chips), points)),
                             ("repeat", np.zeros(rows, int)), ("first_image", np.zeros(rows, int))):
            copy(trials[name], group, name, values)
        bits = trials["correct_bits"]
        copy(bits, group, "correct_bits", np.resize(bits[()], (rows, bits.shape[1])))


def copy(old: h5py.Dataset, group: h5py.Group, name: str, values: np.ndarray) -> None:
    chunk = min(len(values), 2**17 // (values.shape[1] if values.ndim > 1 else 1))
    filters = {} if h5py.check_string_dtype(old.dtype) else {
        "shuffle": True, "compression": 4, "fletcher32": True}
    dataset = group.create_dataset(name, data=values, dtype=old.dtype,
                                   chunks=(chunk, *values.shape[1:]), **filters)
    for key in ("role", "spec_path", "units", "long_name"):
        if key in old.attrs:
            dataset.attrs[key] = old.attrs[key]


def measure(path: Path, step: str) -> tuple[float, float]:
    """Seconds and largest memory [GB] of opening and one step, without the imports."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        start = time.perf_counter()
        STEPS[step](open_store(path))
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        os.write(into, f"{seconds} {memory}".encode())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit(f"store_reading: {step} failed")
    seconds, memory = map(float, os.read(out, 1000).split())
    return seconds, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--chips", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.h5"
        grow(options.results, path, options.points, options.chips)
        print(f"{options.points} points x {options.chips} chips, {path.stat().st_size / 1e6:.0f} MB, "
              f"load average {os.getloadavg()[0]:.1f}")
        for step in STEPS:
            seconds, memory = measure(path, step)
            print(f"| {step} | {seconds:.2f} | {memory:.2f} |", flush=True)


if __name__ == "__main__":
    main()
