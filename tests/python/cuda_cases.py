# SPDX-License-Identifier: Apache-2.0
"""The program on CUDA engines: on emulated devices (tests/cli_cuda), and on real ones where they are."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from mac_cases import ROOT, binary
from sweep_cases import SWEEP, segments, set_options


@dataclass(frozen=True)
class Program:
    """A program with a CUDA engine, and what its environment adds."""

    path: str
    emulated: bool
    environment: dict[str, str] = field(default_factory=dict)

    def on(self, **machine: object) -> Program:
        """The same on another emulated machine: ACIM_EMULATED_<NAME> is set to each value."""
        changes = {f"ACIM_EMULATED_{name.upper()}": str(value) for name, value in machine.items()}
        return replace(self, environment=self.environment | changes)

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen([self.path, *map(str, arguments)], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True,
                                env=dict(os.environ) | self.environment)

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=280)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def sweep(self, folder: Path, settings: dict[str, object], *options: object,
              file: Path = SWEEP) -> subprocess.CompletedProcess[str]:
        """`run --engine cuda` of the file with these settings into the folder."""
        return self.run(*sweep_command(folder, settings, *options, file=file))

    def finished(self, folder: Path, settings: dict[str, object], *options: object,
                 file: Path = SWEEP) -> Path:
        """The same, expected to succeed: the results file."""
        result = self.sweep(folder, settings, *options, file=file)
        assert (result.returncode, result.stderr) == (0, ""), result.stdout
        return folder / "results.h5"


def sweep_command(folder: Path, settings: dict[str, object], *options: object,
                  file: Path = SWEEP) -> list[object]:
    return ["run", file, "-o", folder, "-q", "--engine", "cuda", *set_options(settings), *options]


def emulated_program() -> Program:
    path = os.environ.get("ACIM_EMULATED_BINARY", "")
    path = path or str(ROOT / "build" / "default" / "tests" / "cli_cuda" / "acimsweep_emulated")
    if not Path(path).exists():
        pytest.skip("acimsweep_emulated is not built, and ACIM_EMULATED_BINARY names no program")
    return Program(path, emulated=True)


def device_program() -> Program:
    """The program itself; skips with its own line about what is missing where there is no device."""
    program = Program(binary(), emulated=False)
    lines = program.run("info").stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("CUDA"))
    said = lines[at].removeprefix("CUDA").strip()
    if said.startswith("runtime"):
        said = lines[at + 1].strip()
    if not said.startswith("0: "):
        pytest.skip(f"no CUDA device: {said}")
    return program


def stored_values(folder: Path) -> dict[tuple, dict[str, list]]:
    """Everything that the segments hold of each unit, by (point id, chip, repeat, first image)."""
    values: dict[tuple, dict[str, list]] = {}
    for path in segments(folder):
        with h5py.File(path) as file:
            ids, trials = file["point_id"].asstr()[()], file["trials"]
            keys = zip(ids[trials["point"][()]], *(trials[name][()].tolist()
                                                   for name in ("chip", "repeat", "first_image")))
            columns = {f"{group}/{name}": np.asarray(data[()]).tolist()
                       for group in ("trials", "layers") for name, data in file[group].items()
                       if name != "point"}
            for row, key in enumerate(keys):
                assert key not in values
                values[key] = {name: column[row] for name, column in columns.items()}
    return values
