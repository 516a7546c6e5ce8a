# SPDX-License-Identifier: Apache-2.0
"""Runs of a sweep on a cluster: the sweep, its engines' processes, its attempts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from mac_cases import binary
from sweep_cases import SMALL

# 4 points x 10 chips x 4 repeats = 160 units of 100 images: about a second of one core for each of
# eight parts, long enough to be stopped in the middle.
SETTINGS = SMALL | {"workload.images": 100, "trials.chips": 10, "trials.repeats": 4}
UNITS = 160
PARTS = 8

# A run directory whose name every unquoted use of it would trip over.
NASTY = "it's $(touch hacked) `touch hacked` \"run\" %j %% ;\n#SBATCH --hold *"


def acimsweep(environment: dict[str, str], *arguments: object,
              program: str | Path = "") -> subprocess.CompletedProcess[str]:
    """The program in this environment; text of both streams is captured."""
    command = [str(program or binary()), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120,
                          check=False)


def attempts(folder: Path, part: int) -> list[dict]:
    """Attempts to run this part, oldest first."""
    records = [json.loads(path.read_text()) for path in folder.glob("runs/[!.]*.json")]
    return sorted((r for r in records if r["shard"] == f"{part}/{PARTS}"), key=lambda r: r["start"])


def engines(folder: Path, part: int) -> list[int]:
    """Processes that run this part of the sweep in this directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # ended in between
        if "run" in words[:2] and str(folder) in words and f"{part}/{PARTS}" in words:
            found.append(int(path.parent.name))
    return found


def processor_time(process: int) -> float:
    """What a process has used of processors so far [s]."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0  # ended
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def has_pending(process: int, number: signal.Signals) -> bool:
    """Whether a stopped process has this signal before it."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("SigPnd", "ShdPnd") and int(value, 16) >> (number - 1) & 1:
            return True
    return False


def signal_all(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            pass
