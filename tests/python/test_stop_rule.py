# SPDX-License-Identifier: Apache-2.0
"""trials.stop in real sweeps: each point has the chips that the rule asks for, whatever ran them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from acimsweep import ResultsError, open_results, open_run
from cuda_cases import Program
from mac_cases import run
from sweep_cases import SMALL, finished, needs_data, segments, start, sweep, wait_until

pytestmark = needs_data

# 4 points of up to 30 chips of 40 images, seen at 6, 9, 14, 21 and 30.
FULL = SMALL | {"trials.chips": 30, "trials.repeats": 1,
                "grid.macro.noise.random.sigma": [0, 0.5], "grid.macro.adc.bits": [6, 8]}
RULE = {"trials.stop.half_width": 0.03, "trials.stop.first_chips": 6}
STOPPING = FULL | RULE


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("stopped") / "run", STOPPING)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("full") / "run", FULL)


def expected_chips(accuracies: np.ndarray) -> int:
    for count in (6, 9, 14, 21, 30):
        first = accuracies[:count]
        half = stats.t.ppf(0.975, count - 1) * first.std(ddof=1) / np.sqrt(count)
        if max(half, 0.5 / 40) <= 0.03:
            return count
    return 30


def test_points_have_the_chips_of_the_first_round_that_is_narrow(stopped: Path, full: Path) -> None:
    rule, all_chips = open_results(stopped), open_results(full)
    expected = [expected_chips(chips["accuracy"].to_numpy())
                for _, chips in all_chips.chips.groupby("point")]
    assert list(rule.points["n_chips"]) == expected
    assert min(expected) == 6 and max(expected) > 6, "or nothing is shown"
    assert (rule.points["status"] == "done").all() and rule.attrs["sweep_complete"] == 1
    assert rule.attrs["stop_half_width"] == 0.03 and "stop_half_width" not in all_chips.attrs
    kept = all_chips.trials["chip"].to_numpy() < np.array(expected)[all_chips.trials["point"]]
    for name in rule.trials:
        assert (rule.trials[name].to_numpy() == all_chips.trials[name][kept].to_numpy()).all(), name
    np.testing.assert_array_equal(rule.correct_bits, all_chips.correct_bits[kept])


def test_shards_in_any_order_end_in_the_same_file(stopped: Path, tmp_path: Path) -> None:
    for shard in ("2/3", "0/3", "1/3"):
        finished(tmp_path / "run", STOPPING, "--shard", shard, "--threads", 1)
    merged = tmp_path / "merged.h5"
    assert run("merge", tmp_path / "run", "-o", merged, "--complete").returncode == 0
    assert merged.read_bytes() == stopped.read_bytes()


def test_kills_change_nothing(stopped: Path, tmp_path: Path) -> None:
    # By threads of one, and killed as soon as a round is stored.
    for rounds in (1, 2):
        process = start(tmp_path / "run", STOPPING, "--threads", 1)
        wait_until(lambda: len(segments(tmp_path / "run")) >= rounds or process.poll() is not None)
        process.kill()
        process.communicate()
    assert finished(tmp_path / "run", STOPPING).read_bytes() == stopped.read_bytes()


def test_extending_to_and_from_a_rule(stopped: Path, full: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    finished(folder, FULL | {"trials.chips": 10})
    refused = sweep(folder, STOPPING)
    assert refused.returncode == 2 and "trials.stop: none there, half_width 0.03" in refused.stderr
    assert finished(folder, STOPPING, "--extend").read_bytes() == stopped.read_bytes()
    assert finished(folder, FULL, "--extend").read_bytes() == full.read_bytes()
    assert finished(folder, STOPPING, "--extend").read_bytes() == stopped.read_bytes()


def test_what_earlier_sweeps_left_counts_as_found(tmp_path: Path) -> None:
    """Units of later rounds, too; and a segment that is lost is run again."""
    folder, narrow = tmp_path / "run", STOPPING | {"trials.stop.half_width": 0.014}
    more = narrow | {"trials.repeats": 2}
    finished(folder, narrow)
    grown = sweep(folder, more, "--extend")
    assert grown.returncode == 0 and "are left" not in grown.stdout, grown.stdout
    assert sweep(folder, more).stdout.count(", 0 ran.") == 1
    segments(folder)[0].unlink()
    again = sweep(folder, more)
    assert again.returncode == 0 and "are left" not in again.stdout, again.stdout
    fresh = finished(tmp_path / "fresh", more)
    assert (folder / "results.h5").read_bytes() == fresh.read_bytes()


@pytest.mark.parametrize("rule", [
    {"half_width": 0.1, "first_chips": 0}, {"half_width": 0.1, "first_chips": -6},
    {"half_width": 0.1, "first_chips": 2.9}, {"half_width": 0.1, "first_chips": 4294967298},
    {"half_width": 0.0, "first_chips": 8}, {"half_width": "x", "first_chips": 8}, 7])
def test_damaged_rules_of_a_plan_are_refused(stopped: Path, tmp_path: Path, rule: object) -> None:
    plan = json.loads((stopped.parent / "plan.json").read_text())
    (tmp_path / "plan.json").write_text(json.dumps(plan | {"stop": rule}))
    result = run("status", tmp_path)
    assert result.returncode == 2 and "plan.json: damaged plan" in result.stderr
    with pytest.raises(ResultsError, match="damaged plan"):
        open_results(tmp_path)


def test_a_live_directory_reads_as_the_file(stopped: Path, full: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    finished(folder, FULL)
    finished(folder, STOPPING, "--extend")  # chips beyond the rule are stored, too
    file = open_results(stopped)
    for live in (open_run(stopped.parent), open_run(folder)):
        assert len(live.trials) == len(file.trials)
        for name in ("status", "n_chips", "n_trials", "accuracy_min", "accuracy_max"):
            assert (live.points[name] == file.points[name]).all(), name
        np.testing.assert_array_equal(live.correct_bits, file.correct_bits)
        for name in ("sweep_complete", "stop_half_width", "stop_first_chips", "chips"):
            assert live.attrs[name] == file.attrs[name], name


def test_a_part_is_partial_in_both_readings(tmp_path: Path) -> None:
    finished(tmp_path / "run", STOPPING, "--shard", "0/2")
    run("merge", tmp_path / "run", "-o", tmp_path / "part.h5")
    live, file = open_results(tmp_path / "run"), open_results(tmp_path / "part.h5")
    assert sorted(file.points["status"]) == ["done", "done", "pending", "pending"]
    assert list(live.points["status"]) == list(file.points["status"])
    assert live.attrs["sweep_complete"] == file.attrs["sweep_complete"] == 0
    told = run("status", tmp_path / "run").stdout
    assert "points stop at +-0.03 of accuracy" in told and ", 12 left" in told


def test_the_cuda_engine_stops_alike(tmp_path: Path, emulated: Program) -> None:
    few = STOPPING | {"workload.images": 8, "quantisation.images": 16, "trials.chips": 12,
                      "trials.stop.half_width": 0.08, "trials.stop.first_chips": 3,
                      "layers": [{"match": "conv*", "analog": False}]}
    cpu = finished(tmp_path / "cpu", few)
    assert len(set(open_results(cpu).points["n_chips"])) > 1, "or nothing is shown"
    assert emulated.finished(tmp_path / "cuda", few).read_bytes() == cpu.read_bytes()


@pytest.mark.parametrize(("settings", "message"), [
    ({"trials.stop.half_width": 0.01},
     "key 'trials.stop.half_width' is 0.01, but with 40 images no interval is narrower than 0.0125"),
    ({"trials.stop.half_width": 0.7}, "trials.stop.half_width"),
    ({"trials.stop.first_chips": 1}, "trials.stop.first_chips"),
    ({"trials.stop.halfwidth": 0.1}, "trials.stop.half_width"),
    ({"trials.stop.half_width": 0.1, "trials.stop.first_chips": 30},
     "key 'trials.chips' is 30, the most that a point gets"),
    ({"trials.chips": 1, "trials.stop.half_width": 0.1}, "Raise trials.chips"),
])
def test_rules_that_make_no_sense(tmp_path: Path, settings: dict[str, object],
                                  message: str) -> None:
    result = sweep(tmp_path / "run", FULL | settings)
    assert result.returncode == 2 and message in result.stderr
    assert not (tmp_path / "run" / "plan.json").exists()
