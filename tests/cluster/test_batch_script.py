# SPDX-License-Identifier: Apache-2.0
"""The script of a task, run by bash with an engine and a scontrol that are not real."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
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

    def start(self, when: str, code: object, restarts: int = 0) -> subprocess.Popen[str]:
        for name in ("requeued", "signals", "started", "words"):
            (self.folder / name).unlink(missing_ok=True)
        environment = self.environment | {"WHEN": when, "CODE": str(code)}
        if restarts > 0:
            environment["SLURM_RESTART_COUNT"] = str(restarts)
        return subprocess.Popen(["bash", self.script], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)

    def told(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""


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
    write_program(programs / "sbatch", f"#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{folder}/sbatch'; echo 77\n")
    write_program(programs / "scontrol", f"#!/bin/sh\necho \"$*\" >> '{folder}/requeued'\n")
    environment = dict(os.environ) | {"PATH": f"{programs}:/usr/bin:/bin", "TOLD": str(folder),
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
    assert task.start("now", 0).wait(timeout=20) == 0
    words = task.told("words")
    assert words.startswith(f"run\n{SWEEP}\n-o\n{task.folder / NASTY / 'run'}\n")
    assert "--shard\n3/8\n--threads\n6\n--quiet\n" in words
    assert "name=a 'b' $(touch hacked)\n\"c\"\n" in words


@pytest.mark.parametrize("code, restarts, again", [
    (0, 0, False), (1, 0, False), (2, 0, False), (3, 0, False), (126, 0, False), (127, 0, False),
    (4, 0, True), (4, 1, True), (4, 2, False), (134, 0, True), (143, 0, False)])
def test_exit_codes(task: Task, code: int, restarts: int, again: bool) -> None:
    process = task.start("now", code, restarts)
    assert process.wait(timeout=20) == code
    assert task.told("requeued") == ("requeue 77_3\n" if again else "")
    if code == 4 and not again:
        assert "after 2 restarts, not queued again" in process.stderr.read()


@pytest.mark.parametrize("restarts, again", [(0, True), (2, False)])
def test_a_killed_engine(task: Task, restarts: int, again: bool) -> None:
    assert task.start("killed", "", restarts).wait(timeout=20) == 137
    assert task.told("requeued") == ("requeue 77_3\n" if again else "")


def started(task: Task, code: object, restarts: int = 0) -> subprocess.Popen[str]:
    process = task.start("asked", code, restarts)
    assert wait_until((task.folder / "started").exists, 20)
    return process


@pytest.mark.parametrize("code, again", [(3, True), (0, False), (1, False), (4, True)])
def test_the_time_limit(task: Task, code: int, again: bool) -> None:
    """SIGUSR1 to the shell alone."""
    process = started(task, code)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(timeout=20) == code
    assert task.told("signals") == "SIGTERM\n"
    assert task.told("requeued") == ("requeue 77_3\n" if again else "")


def test_the_time_limit_of_an_engine_that_does_not_listen(task: Task) -> None:
    process = started(task, "deaf")
    process.send_signal(signal.SIGUSR1)
    assert process.wait(timeout=30) == 137  # eight seconds later, with --time 1
    assert task.told("requeued") == "requeue 77_3\n"


@pytest.mark.parametrize("code", [0, 3, 4])
def test_scancel(task: Task, code: int) -> None:
    """SIGTERM to the shell and to the engine; the engine is asked once."""
    process = started(task, code)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(timeout=20) == code
    assert task.told("signals").count("SIGTERM") == 1
    assert task.told("requeued") == ""


def test_scancel_after_the_warning(task: Task) -> None:
    process = started(task, "deaf")
    process.send_signal(signal.SIGUSR1)
    time.sleep(1)  # bash loses one of two signals that come at once
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 137
    assert task.told("requeued") == ""


def test_a_strict_profile(task: Task) -> None:
    """`set -eu` of a site changes nothing."""
    text = task.script.read_text()
    strict = task.script.with_name("strict.sh")
    strict.write_text(text.replace("#!/bin/bash\n", "#!/bin/bash\nset -eu\n", 1))
    strict_task = Task(task.folder, strict, task.environment)
    assert strict_task.start("now", 4).wait(timeout=20) == 4
    assert task.told("requeued") == "requeue 77_3\n"
    process = started(strict_task, 3)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(timeout=20) == 3
    assert task.told("requeued") == "requeue 77_3\n"


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
