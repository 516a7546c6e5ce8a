# SPDX-License-Identifier: Apache-2.0
"""A sweep on a real Slurm of two nodes: one array of eight tasks, and all that goes wrong with one.

All engines are stopped in the middle of their work. Then one is killed, one is told of the time
limit, one does not listen to that, one is cancelled, and the other node is lost with its tasks
still alive. What is cancelled goes on when the sweep is submitted again. Mostly waiting: Slurm's
shortest time limit is one minute.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import pytest

from cluster_cases import (NASTY, PARTS, SETTINGS, UNITS, acimsweep, attempts, engines, has_pending,
                           processor_time, signal_all)
from mac_cases import binary
from slurm_cluster import SlurmCluster, missing_programs, wait_for
from sweep_cases import SMALL, SWEEP, finished, needs_data, set_options, stored_units

pytestmark = [needs_data, pytest.mark.skipif(
    bool(missing_programs()),
    reason=f"no Slurm here ({', '.join(missing_programs())}): scripts/install-packages cluster")]


@dataclass
class Story:
    """What happened, for the tests to judge."""

    cluster: SlurmCluster
    folder: Path
    single: bytes = b""  # results.h5 of one process
    job: int = 0
    killed: int = -1     # parts, by what became of their first task
    warned: int = -1
    deaf: int = -1
    cancelled: int = -1
    lost: list[int] = field(default_factory=list)
    copies: dict[int, int] = field(default_factory=dict)  # engines at once of a lost part
    submitted: str = ""
    refused: subprocess.CompletedProcess[str] | None = None
    status_stopped: str = ""
    status_first: str = ""
    first: bytes = b""  # results.h5 of the first merging
    again: str = ""
    last: bytes = b""
    seconds: float = 0.0

    def log(self, part: int) -> str:
        return (self.folder / "slurm" / f"{self.job}_{part}.out").read_text()

    def submit(self, *options: object) -> subprocess.CompletedProcess[str]:
        return acimsweep(self.cluster.environment, "submit", SWEEP, "-o", self.folder,
                         *set_options(SETTINGS), "--slurm", "--array", PARTS, "--time", 1, *options)

    def status(self) -> str:
        result = acimsweep(self.cluster.environment, "status", self.folder)
        assert result.returncode == 0 and result.stderr == "", result.stderr
        return result.stdout

    def merged(self) -> bool:
        """Whether nothing of the sweep is in the queue any more."""
        return self.cluster.call("squeue", "-h").strip() == ""


def stop_all(story: Story) -> None:
    """Every engine, a sixth of its work after it has begun with its units."""
    left = set(range(PARTS))
    begun: dict[int, tuple[int, float]] = {}  # process and its time when it began, by part
    end = time.monotonic() + 60
    while left:
        assert time.monotonic() < end, f"parts {left} never began"
        for part in list(left):
            if part not in begun and attempts(story.folder, part):
                [process] = engines(story.folder, part)
                begun[part] = process, processor_time(process)
            if part in begun and processor_time(begun[part][0]) > begun[part][1] + 0.15:
                signal_all([begun[part][0]], signal.SIGSTOP)
                left.remove(part)
        time.sleep(0.01)


def cast(story: Story) -> None:
    """Who plays what: four tasks of the first node, all of the second."""
    lines = story.cluster.call("squeue", "-h", "-r", "-t", "R", "-o", "%K %N").split("\n")
    places = dict(line.split() for line in lines if line)
    assert len(places) == PARTS, places
    first = [int(part) for part, node in sorted(places.items()) if node == "n0"]
    story.killed, story.warned, story.deaf, story.cancelled = first
    story.lost = [int(part) for part, node in sorted(places.items()) if node == "n1"]


def play(story: Story) -> None:
    cluster, folder = story.cluster, story.folder
    cluster.kill("slurmd.n1")
    signal_all(engines(folder, story.killed), signal.SIGKILL)
    cluster.call("scancel", f"{story.job}_{story.cancelled}")
    [warned] = engines(folder, story.warned)
    wait_for(lambda: has_pending(warned, signal.SIGTERM), 60, "the time limit is told")
    signal_all([warned], signal.SIGCONT)
    copied: set[int] = set()

    def all_copied() -> bool:
        for part in set(story.lost) - copied:
            processes = engines(folder, part)
            if len(attempts(folder, part)) > 1 or len(processes) > 1:
                story.copies[part] = len(processes)
                signal_all(processes, signal.SIGCONT)
                copied.add(part)
        return copied == set(story.lost)

    wait_for(all_copied, 90, "tasks of the lost node are started on the other one")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    begin = time.monotonic()
    base = tmp_path_factory.mktemp("slurm")
    single = finished(base / "single", SETTINGS).read_bytes()
    with SlurmCluster(base / "cluster", nodes=2, cpus=4, max_array_size=9) as cluster:
        story = Story(cluster, base / NASTY, single)
        result = story.submit()
        assert result.returncode == 0, result.stderr
        story.submitted = result.stdout
        story.job = int(re.search(r"job (\d+):", result.stdout).group(1))
        stop_all(story)
        story.refused = story.submit()
        story.status_stopped = story.status()
        cast(story)
        play(story)
        wait_for(story.merged, 90, "the array and its merging end")
        story.first = (story.folder / "results.h5").read_bytes()
        story.status_first = story.status()
        result = story.submit()
        assert result.returncode == 0, result.stderr
        story.again = result.stdout
        wait_for(story.merged, 60, "the second array and its merging end")
        story.last = (story.folder / "results.h5").read_bytes()
        story.seconds = time.monotonic() - begin
        yield story


def test_submit_says_what_comes_next(story: Story) -> None:
    assert f"{PARTS} tasks for {UNITS} units" in story.submitted
    assert "acimsweep status" in story.submitted and "results.h5" in story.submitted


def test_submit_refuses_while_tasks_are_there(story: Story) -> None:
    assert story.refused.returncode == 2
    assert "still at work" in story.refused.stderr and "--again" in story.refused.stderr
    assert story.refused.stderr.count("\n") <= 2, story.refused.stderr  # one in the name


def test_status_shows_the_queue(story: Story) -> None:
    assert re.search(rf"Slurm job {story.job}, tasks 0-7 of 8: 0-7 running; merging job \d+ "
                     r"pending \(Dependency\)", story.status_stopped), story.status_stopped


def test_a_killed_engine_is_queued_again(story: Story) -> None:
    assert "exit code 137, queued again" in story.log(story.killed)
    assert len(attempts(story.folder, story.killed)) == 2


def test_the_time_limit_stores_and_queues_again(story: Story) -> None:
    first, second = attempts(story.folder, story.warned)
    assert "exit code 3, queued again" in story.log(story.warned)
    assert first["stop"] and first["units_done"] > 0
    assert first["units_done"] + second["units_done"] == UNITS // PARTS


def test_an_engine_that_does_not_end_is_killed_before_the_limit(story: Story) -> None:
    log = story.log(story.deaf)
    assert "exit code 137, queued again" in log
    assert "DUE TO TIME LIMIT" not in log
    assert len(attempts(story.folder, story.deaf)) == 2


def test_a_cancelled_task_is_not_queued_again(story: Story) -> None:
    log = story.log(story.cancelled)
    assert "CANCELLED" in log and "queued again" not in log
    first = attempts(story.folder, story.cancelled)[0]
    assert first["stop"] and 0 < first["units_done"] < UNITS // PARTS  # it stored what it had


def test_a_lost_node_has_two_copies_at_once(story: Story) -> None:
    assert story.copies == {part: 2 for part in story.lost}
    for part in story.lost:
        assert len(attempts(story.folder, part)) == 2


def test_the_first_merging_says_what_is_missing(story: Story) -> None:
    logs = list((story.folder / "slurm").glob("merge_*.out"))
    assert len(logs) == 2
    assert any("of the plan are missing" in log.read_text() for log in logs)
    assert f"parts {story.cancelled} of 8 have work left, but no task" in story.status_first
    assert story.first != story.single


def test_submitting_again_runs_only_what_is_missing(story: Story) -> None:
    assert re.search(r"job \d+: 1 tasks", story.again), story.again
    assert len(attempts(story.folder, story.cancelled)) == 2
    assert len(set(stored_units(story.folder))) == UNITS


def test_the_bytes_are_those_of_one_process(story: Story) -> None:
    assert story.last == story.single


def test_nothing_is_submitted_where_all_is_done(story: Story) -> None:
    before = sorted((story.folder / "jobs").iterdir())
    result = story.submit()
    assert result.returncode == 0 and "nothing is submitted" in result.stdout
    assert sorted((story.folder / "jobs").iterdir()) == before
    assert story.merged()


def test_names_are_quoted(story: Story) -> None:
    assert not list(story.folder.parent.rglob("hacked")) and not Path("hacked").exists()


def test_other_machines_records_are_harmless(story: Story, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(story.folder, tmp_path / "copy"))
    [path, *rest] = sorted((copy / "jobs").iterdir())
    record = json.loads(path.read_text())
    for damaged in rest:
        damaged.write_text("{")
    path.write_text(json.dumps(record | {"cluster": "elsewhere"}))
    result = acimsweep(story.cluster.environment, "status", copy)
    assert result.returncode == 0 and "this machine belongs to cluster loopback" in result.stdout
    without = {"PATH": "/nonexistent"}
    assert "this machine has no Slurm" in acimsweep(without, "status", copy).stdout
    path.write_text(json.dumps(record | {"shards": 0}))
    assert "Slurm" not in acimsweep(story.cluster.environment, "status", copy).stdout


def test_a_refusal_of_sbatch_is_shown(story: Story, tmp_path: Path) -> None:
    result = acimsweep(story.cluster.environment, "submit", SWEEP, "-o", tmp_path / "run",
                       *set_options(SMALL), "--slurm", "--partition", "nowhere; touch hacked")
    assert result.returncode == 2 and "sbatch refused" in result.stderr
    assert "partition" in result.stderr and result.stderr.count("\n") == 1


def test_more_tasks_than_the_site_takes(story: Story, tmp_path: Path) -> None:
    result = acimsweep(story.cluster.environment, "submit", SWEEP, "-o", tmp_path / "run",
                       *set_options(SMALL), "--slurm", "--array", 12, "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "MaxArraySize" in result.stdout and "--array=0-8" in result.stdout
    assert not (tmp_path / "run").exists()


def test_ranks_of_srun_number_themselves(story: Story, tmp_path: Path) -> None:
    subprocess.run(["srun", "--mpi=none", "-n", "3", binary(), "run", SWEEP, "-o", tmp_path / "run",
                    "--shard", "auto", "-q", "--threads", "1", *set_options(SMALL)],
                   env=story.cluster.environment, check=True, capture_output=True, timeout=60)
    shards = [json.loads(path.read_text())["shard"] for path in (tmp_path / "run/runs").iterdir()]
    assert sorted(shards) == ["0/3", "1/3", "2/3"]
    result = acimsweep(story.cluster.environment, "merge", tmp_path / "run", "-o",
                       tmp_path / "run/results.h5", "--complete")
    assert result.returncode == 0, result.stdout
    with h5py.File(tmp_path / "run/results.h5") as file:
        assert file.attrs["sweep_complete"] == 1


def test_an_array_under_a_stop_rule_ends_as_one_process(story: Story, tmp_path: Path) -> None:
    """Whole points are dealt: four tasks for four points, though eight were asked for."""
    rule = SMALL | {"trials.chips": 20, "trials.repeats": 1, "trials.stop.half_width": 0.03,
                    "trials.stop.first_chips": 6}
    single = finished(tmp_path / "single", rule).read_bytes()
    result = acimsweep(story.cluster.environment, "submit", SWEEP, "-o", tmp_path / "run",
                       *set_options(rule), "--slurm", "--array", PARTS, "--time", 1)
    assert result.returncode == 0, result.stderr
    assert re.search(r"job \d+: 4 tasks", result.stdout), result.stdout
    wait_for(story.merged, 60, "the array and its merging end")
    assert (tmp_path / "run/results.h5").read_bytes() == single
