# SPDX-License-Identifier: Apache-2.0
"""The script of a task, run by bash with an engine and a scontrol that are not real."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster_cases import NASTY, acimsweep
from mac_cases import binary
from sweep_cases import SMALL, SWEEP, needs_data, set_options, wait_until

pytestmark = needs_data

# Ends with $CODE at once, or when it is asked to; $CODE=deaf does not listen.
ENGINE = """#!/usr/bin/python3 -ES
import os, signal, sys, time
told, when, code = os.environ["TOLD"], os.environ["WHEN"], os.environ["CODE"]

def note(number, frame):
    with open(told + "/signals", "a") as file:
        file.write(signal.Signals(number).name + "\\n")
    if number == signal.SIGTERM and code != "deaf":
        os._exit(int(code))

with open(told + "/words", "w") as file:
    file.write("\\n".join(sys.argv[1:]) + "\\n")
if when == "now":
    os._exit(int(code))
if when == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
signal.signal(signal.SIGTERM, note)
signal.signal(signal.SIGINT, note)
open(told + "/started", "w").close()
while True:
    time.sleep(10)
"""


@dataclass
class Task:
    """The printed scripts, written by the printed commands, and what they call."""

    folder: Path
    script: Path
    environment: dict[str, str]

    def start(self, when: str, code: object, restarts: int = 0) -> Attempt:
        told = Path(tempfile.mkdtemp(dir=self.folder))
        environment = self.environment | {"WHEN": when, "CODE": str(code), "TOLD": str(told)}
        if restarts > 0:
            environment["SLURM_RESTART_COUNT"] = str(restarts)
        process = subprocess.Popen(["bash", self.script], env=environment, text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   start_new_session=True)
        return Attempt(process, told)

    def asked(self, code: object) -> Attempt:
        """An engine that ends when it is asked to, and that can be."""
        attempt = self.start("asked", code)
        assert wait_until((attempt.folder / "started").exists, 20)
        return attempt


@dataclass
class Attempt:
    """A script that runs, and what its engine and scontrol noted."""

    process: subprocess.Popen[str]
    folder: Path

    def told(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def ends(self, code: int, requeued: bool) -> None:
        assert self.process.wait(timeout=30) == code
        assert self.told("requeued") == ("requeue 77_3\n" if requeued else "")


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    """A task 3 of an array 77 in eight parts, from a program and into a run with nasty names."""
    folder = tmp_path_factory.mktemp("script")
    programs = folder / "programs"
    (folder / NASTY).mkdir()
    programs.mkdir()
    engine = folder / NASTY / "acimsweep"
    shutil.copy(binary(), engine)
    write_program(programs / "sbatch",
                  f"#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{folder}/sbatch'; echo 77\n")
    write_program(programs / "scontrol", f"#!/bin/sh\necho \"$*\" >> \"$TOLD/requeued\"\n")
    environment = dict(os.environ) | {"PATH": f"{programs}:/usr/bin:/bin",
                                      "SLURM_ARRAY_JOB_ID": "77", "SLURM_ARRAY_TASK_ID": "3",
                                      "SLURM_CPUS_ON_NODE": "6"}
    printed = acimsweep(environment, "submit", SWEEP, "-o", folder / NASTY / "run", "--print",
                        "slurm", "--array", 8, "--time", 1, "--requeues", 2,
                        *set_options(SMALL), "--set", "name=a 'b' $(touch hacked)\n\"c\"",
                        program=engine)
    assert printed.returncode == 0, printed.stderr
    assert not (folder / NASTY / "run").exists()
    subprocess.run(["bash", "-euc", printed.stdout], env=environment, cwd=folder, check=True)
    script = folder / NASTY / "run" / "slurm" / "task.sh"
    for name in ("task.sh", "merge.sh"):
        subprocess.run(["bash", "-n", script.with_name(name)], check=True)
    write_program(engine, ENGINE)
    return Task(folder, script, environment)


def test_printed_commands_are_run_as_written(task: Task) -> None:
    words = (task.folder / "sbatch").read_text()
    assert "--array=0-7\n" in words and "--dependency=afterany:77\n" in words
    assert "--job-name=acim-a--b----touch-hacked---c-\n" in words
    assert "%%j %%%%" in words  # the log's path, for Slurm
    assert not list(task.folder.rglob("hacked")) and not Path("hacked").exists()


def test_the_engine_gets_its_words(task: Task) -> None:
    attempt = task.start("now", 0)
    attempt.ends(0, requeued=False)
    words = attempt.told("words")
    assert words.startswith(f"run\n{SWEEP}\n-o\n{task.folder / NASTY / 'run'}\n")
    assert "--shard\n3/8\n--threads\n6\n--quiet\n" in words
    assert "name=a 'b' $(touch hacked)\n\"c\"\n" in words


def test_exit_codes(task: Task) -> None:
    """All at once: each takes a second."""
    ended = [(task.start("now", code), code) for code in (0, 1, 2, 3, 126, 127, 143)]
    again = [(task.start("now", code, restarts), code)
             for code, restarts in ((4, 0), (4, 1), (134, 0))]
    given_up = task.start("now", 4, restarts=2)
    for attempt, code in ended:
        attempt.ends(code, requeued=False)
    for attempt, code in again:
        attempt.ends(code, requeued=True)
    given_up.ends(4, requeued=False)
    assert "after 2 restarts, not queued again" in given_up.process.stderr.read()


def test_a_killed_engine(task: Task) -> None:
    first, last = task.start("killed", ""), task.start("killed", "", restarts=2)
    first.ends(137, requeued=True)
    last.ends(137, requeued=False)


@pytest.mark.parametrize("code, again", [(3, True), (0, False), (1, False), (4, True)])
def test_the_time_limit(task: Task, code: int, again: bool) -> None:
    """SIGUSR1 to the shell alone."""
    attempt = task.asked(code)
    attempt.process.send_signal(signal.SIGUSR1)
    attempt.ends(code, requeued=again)
    assert attempt.told("signals") == "SIGTERM\n"


def test_engines_that_do_not_listen(task: Task) -> None:
    """They are killed eight seconds after the warning, with --time 1; scancel may come first."""
    warned, cancelled = task.asked("deaf"), task.asked("deaf")
    for attempt in (warned, cancelled):
        attempt.process.send_signal(signal.SIGUSR1)
    time.sleep(1)  # bash may lose one of two signals that come at once
    cancelled.process.send_signal(signal.SIGTERM)
    warned.ends(137, requeued=True)
    cancelled.ends(137, requeued=False)


@pytest.mark.parametrize("code", [0, 3, 4])
def test_scancel(task: Task, code: int) -> None:
    """SIGTERM to the shell and to the engine; the engine is asked once."""
    attempt = task.asked(code)
    os.killpg(attempt.process.pid, signal.SIGTERM)
    attempt.ends(code, requeued=False)
    assert attempt.told("signals").count("SIGTERM") == 1


def test_a_strict_profile(task: Task) -> None:
    """`set -eu` of a site changes nothing."""
    strict = task.script.with_name("strict.sh")
    strict.write_text(task.script.read_text().replace("bash\n", "bash\nset -eu\n", 1))
    strict_task = Task(task.folder, strict, task.environment)
    strict_task.start("now", 4).ends(4, requeued=True)
    attempt = strict_task.asked(3)
    attempt.process.send_signal(signal.SIGUSR1)
    attempt.ends(3, requeued=True)


def test_a_profile_comes_first(task: Task, tmp_path: Path) -> None:
    profile = tmp_path / "site profile"
    profile.write_text("#SBATCH --constraint=fast\nexport SITE=1")
    result = acimsweep(task.environment, "submit", SWEEP, "-o", tmp_path / "run", "--slurm",
                       "--dry-run", *set_options(SMALL), "--profile", profile)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("#!/bin/bash\n#SBATCH --constraint=fast\nexport SITE=1\n") == 2


def test_where_there_is_no_slurm(task: Task, tmp_path: Path) -> None:
    without = task.environment | {"PATH": "/nonexistent"}
    command = ("submit", SWEEP, "-o", tmp_path / "run", *set_options(SMALL))
    result = acimsweep(without, *command, "--slurm")
    assert result.returncode == 2 and result.stderr.count("\n") == 1
    assert "no Slurm" in result.stderr and "--dry-run" in result.stderr
    assert acimsweep(without, *command, "--slurm", "--dry-run").returncode == 0
    assert "no scheduler is named" in acimsweep(without, *command).stderr
    for options in (("--time", "soon"), ("--array", 0), ("--print", "condor")):
        assert acimsweep(without, *command, "--slurm", *options).returncode == 2
    assert not (tmp_path / "run").exists()


def test_shards_number_themselves(task: Task, tmp_path: Path) -> None:
    """Eight processes as of an array of PBS, which does not say of how many."""
    for index in ("0", "1"):
        environment = task.environment | {"PBS_ARRAY_INDEX": index}
        del environment["SLURM_ARRAY_TASK_ID"]
        result = acimsweep(environment, "run", SWEEP, "-o", tmp_path / "run", "-q",
                           *set_options(SMALL), "--shard", "auto/2")
        assert result.returncode == 0, result.stderr
    merged = acimsweep(task.environment, "merge", tmp_path / "run", "-o",
                       tmp_path / "run" / "results.h5", "--complete")
    assert merged.returncode == 0, merged.stdout
    result = acimsweep(task.environment, "run", SWEEP, "-o", tmp_path / "run", "--shard", "auto/x")
    assert result.returncode == 2 and "auto/n" in result.stderr
