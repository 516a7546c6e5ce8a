#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Time one layer in a checkout of the simulator ASiM and in this one, in turns, on this machine.

Usage: /usr/bin/python3 bench/asim_layer.py --asim FOLDER --program build/release/host/cli/acimsweep

FOLDER is a checkout of github.com/Keio-CSG/ASiM, whose own module is called as it is: ASiMConv2d in
its mode Simulation. The layer is that of `acimsweep bench --only conv64/table`: 64->64 channels, 3x3
on 16x16 pixels, 8-bit weights and activations, bit-serial, 255 rows, 8-bit ADC, 0.5 LSB random and
0.05 % nonlinear noise, fresh in every conversion on both sides; 3 * 64 conversions an output. Both quantise,
slice, sum, convert, shift and add. What they do beside is different: ASiM finds its scales in each batch, this
engine sums errors for its statistics. ASiM's best batch counts. Needs python3-torch, python3-torchvision and
python3-matplotlib (ASiM imports them).
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import torch

CHANNELS, SIZE, ROWS, BITS = 64, 16, 255, 8
GROUPS = -(-CHANNELS // (ROWS // 9))
CONVERSIONS = CHANNELS * SIZE * SIZE * GROUPS * BITS * BITS  # of an image
RANDOM_PERCENT = 0.5 / (2**BITS - 1) * 100  # 0.5 LSB
NONLINEAR_PERCENT = 0.05


def asim_layer(folder: Path) -> torch.nn.Module:
    """ASiM's own convolution with random weights."""
    sys.path.insert(0, str(folder))
    from module.asim_conv import ASiMConv2d  # its checkout stands in front of the path

    torch.manual_seed(1)
    return ASiMConv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False, wbit=BITS, xbit=BITS, adc_prec=BITS,
                      nrow=ROWS, rand_noise_sigma=RANDOM_PERCENT, non_linear_sigma=NONLINEAR_PERCENT,
                      mode="Simulation")


class Rate(NamedTuple):
    """Conversions per second of the clock, and per second of processor time, which other work on the
    machine hardly touches where there is one thread."""

    clock: float
    processor: float


def asim_rate(layer: torch.nn.Module, batch: int, seconds: float) -> Rate:
    """The rate at this batch, after one pass to warm up."""
    images = torch.rand(batch, CHANNELS, SIZE, SIZE)
    passes = 0
    with torch.no_grad():
        layer(images)
        start, processor = time.perf_counter(), time.process_time()
        while time.perf_counter() - start < seconds or passes == 0:
            layer(images)
            passes += 1
    done = passes * batch * CONVERSIONS
    return Rate(done / (time.perf_counter() - start), done / (time.process_time() - processor))


def engine_rate(program: Path, threads: int, seconds: float) -> Rate:
    """The rate of the same layer in this engine, whose processor time is that of its whole run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bench.json"
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([program, "bench", "--engine", "cpu", "--only", "conv64/table", "--threads", str(threads),
                        "--seconds", str(seconds), "--json", out], check=True, stdout=subprocess.DEVNULL)
        clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        case, = json.loads(out.read_text())["cases"]
    if case["conversions_per_image"] != CONVERSIONS:
        sys.exit(f"asim_layer: {program} counts {case['conversions_per_image']} conversions an image, "
                 f"not {CONVERSIONS}: the layers are not equal")
    rate = case["engine"]["conversions_per_second"]
    return Rate(rate, rate * clock / (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime))


def processor() -> str:
    """The processor as the system names it."""
    text = Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*: (.*)", text)
    place = re.search(r"cpu family\s*: (\d+)\nmodel\s*: (\d+)", text)
    return (name.group(1) if name else "unknown CPU") + (
        f" (family {place.group(1)}, model {place.group(2)})" if place else "")


def revision(folder: Path) -> str:
    """Commit of a checkout."""
    done = subprocess.run(["git", "-C", str(folder), "log", "-1", "--format=%h of %cs"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asim", type=Path, required=True, help="checkout of ASiM")
    parser.add_argument("--program", type=Path, required=True, help="the program acimsweep")
    parser.add_argument("--batch", default="1,4,16", help="batches that ASiM tries first")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)),
                        help="of both; 1 on a busy machine, where PyTorch's threads wait for each other")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn")
    options = parser.parse_args()
    if not (options.asim / "module" / "asim_conv.py").is_file():
        parser.error(f"--asim {options.asim}: no module/asim_conv.py there")
    return options


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0]
    layer = asim_layer(options.asim)
    first = {batch: asim_rate(layer, batch, options.seconds) for batch in map(int, options.batch.split(","))}
    best = max(first, key=lambda batch: first[batch].processor)
    asim, engine = [], []
    for _ in range(options.rounds):
        asim.append(asim_rate(layer, best, options.seconds))
        engine.append(engine_rate(options.program, options.threads, options.seconds))
    print(f"{processor()}, {options.threads} of {len(os.sched_getaffinity(0))} cores, "
          f"{datetime.datetime.now().astimezone().isoformat(timespec='minutes')}, "
          f"load average {load:.1f} before the start")
    print(f"ASiM {revision(options.asim)}, PyTorch {torch.__version__}, batch {best} of {options.batch}; "
          f"acimsweep {revision(Path(__file__).resolve().parent)}")
    print("million conversions, median of", options.rounds, "turns   ASiM   acimsweep   ratio min / median / max")
    for kind in Rate._fields:
        theirs, ours = ([getattr(rate, kind) for rate in rates] for rates in (asim, engine))
        ratios = sorted(b / a for a, b in zip(theirs, ours))
        print(f"per second of {kind:<10} {statistics.median(theirs) / 1e6:8.1f} {statistics.median(ours) / 1e6:8.1f}   "
              f"{ratios[0]:.1f} / {statistics.median(ratios):.1f} / {ratios[-1]:.1f}")


if __name__ == "__main__":
    main()
