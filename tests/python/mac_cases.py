# SPDX-License-Identifier: Apache-2.0
"""Runs `acimsweep mac` on arrays, for the tests of this folder."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def binary() -> str:
    """Path of the program: ACIM_BINARY, ACIM_COMMAND, else that of the default preset."""
    for name in ("ACIM_BINARY", "ACIM_COMMAND"):
        path = os.environ.get(name, "")
        if path and Path(path).exists():
            return path
    path = ROOT / "build" / "default" / "host" / "cli" / "acimsweep"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: build it, or set ACIM_BINARY to the program")
    return str(path)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The program with these arguments; text of both streams is captured."""
    command = [binary(), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def write_operands(path: Path, operands: dict[str, np.ndarray], **attributes: object) -> Path:
    """IN.h5 with these datasets and root attributes."""
    with h5py.File(path, "w") as out:
        for name, values in operands.items():
            out[name] = values
        for name, value in attributes.items():
            out.attrs[name] = value
    return path


def write_macro(path: Path, settings: dict) -> Path:
    """M.yaml: JSON is YAML."""
    path.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    return path


def mac(folder: Path, operands: dict[str, np.ndarray], settings: dict, *options: object,
        **attributes: object) -> dict[str, np.ndarray]:
    """Datasets of OUT.h5, and its root attributes under "@name". Fails where the program fails."""
    result = run("mac", write_operands(folder / "in.h5", operands, **attributes), "--macro",
                 write_macro(folder / "m.yaml", settings), "-o", folder / "out.h5", *options)
    assert result.returncode == 0, result.stderr
    with h5py.File(folder / "out.h5") as file:
        out = {name: dataset[()] for name, dataset in file.items()}
        out.update({f"@{name}": value for name, value in file.attrs.items()})
    return out
