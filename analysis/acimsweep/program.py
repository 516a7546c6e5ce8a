# SPDX-License-Identifier: Apache-2.0
"""Finds and runs the program `acimsweep`, for notebooks and scripts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from acimsweep.reader import open_store
from acimsweep.results import Results

REPOSITORY = Path(__file__).resolve().parents[2]
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
    command = [str(program), *(os.fspath(argument) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip() or f"ended with {done.returncode}"
        raise ProgramError(f"{' '.join(command)}\n{said}")
    return done.stdout


def run_sweep(
    sweep: str | os.PathLike[str],
    settings: Mapping[str, Any] | None = None,
    folder: str | os.PathLike[str] | None = None,
    program: str | os.PathLike[str] | None = None,
    arguments: Sequence[str] = (),
) -> Results:
    """Run a sweep file and open its results; finished trials of the same folder are not run again.

    settings: keys of the YAML that are replaced, as {"workload.images": 100} (--set). folder: the run
    directory; default: a new temporary one. program: as find_program takes it. arguments: more of
    `acimsweep run`, for example ["--threads", "4"].

    Raises ProgramError with the program's own message for all that it refuses.
    """
    place = Path(folder) if folder is not None else Path(tempfile.mkdtemp(prefix="acimsweep-"))
    words = [w for key, value in (settings or {}).items()
             for w in ("--set", f"{key}={json.dumps(value)}")]  # JSON is YAML
    run_program(find_program(program), "run", sweep, "-o", place, "--quiet", *words, *arguments)
    return open_store(place / "results.h5")
