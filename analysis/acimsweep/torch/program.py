# SPDX-License-Identifier: Apache-2.0
"""Finds and runs the program `acimsweep`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
BUILDS = ("release", "default", "dev")


class ProgramError(RuntimeError):
    """The program is missing or ended with an error; the message is its own."""


def find_program(program: str | os.PathLike[str] | None = None) -> Path:
    """Return the program: the one given, $ACIM_BINARY, the one in PATH, or one built here.

    Raises ProgramError if there is none.
    """
    named = program or os.environ.get("ACIM_BINARY")
    if named:
        if not os.access(named, os.X_OK):
            raise ProgramError(f"{named}: no such program (program= or $ACIM_BINARY)")
        return Path(named).resolve()
    found = shutil.which("acimsweep")
    if found:
        return Path(found).resolve()
    for build in BUILDS:
        path = REPOSITORY / "build" / build / "host" / "cli" / "acimsweep"
        if os.access(path, os.X_OK):
            return path
    raise ProgramError(
        "the program acimsweep was not found: build it (./quickstart), put it in PATH, set "
        "ACIM_BINARY, or pass program="
    )


def run_program(program: Path, *arguments: str | os.PathLike[str]) -> str:
    """Run the program without a shell; return its standard output. Raises ProgramError."""
    command = [str(program), *map(os.fspath, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip() or f"ended with {done.returncode}"
        raise ProgramError(f"{' '.join(command)}\n{said}")
    return done.stdout
