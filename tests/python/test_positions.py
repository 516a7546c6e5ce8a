# SPDX-License-Identifier: Apache-2.0
"""A decoder that predicts at 32 positions, from the sweep to perplexities in Python."""

from __future__ import annotations

import filecmp
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from acimsweep import Results, open_results, open_run
from mac_cases import ROOT, run
from sweep_cases import assert_fails, finished, set_options

sys.path.insert(0, str(ROOT / "data"))

from markov import MarkovSource  # noqa: E402

GPT = ROOT / "sweeps" / "gpt.yaml"
DATA = ROOT / "data"
IMAGES, POSITIONS, CHIPS = 10, 32, 2
# Two points on different paths; blocks of bits that no byte boundary ends: 10 x 32 = 320.
CUT = {"workload.images": IMAGES, "quantisation.images": 16, "trials.chips": CHIPS,
       "grid": {"macro.adc.bits": [7, 8], "macro.noise.random.sigma": [0.35]}}
# data/train_gpt.py on all 1000 test sequences, in PyTorch.
TORCH_PERPLEXITY, TORCH_ACCURACY = 4.225, 49.89


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("gpt") / "run"
    finished(out, CUT, "--threads", 3, file=GPT)
    return out


def test_threads_and_shards_give_the_same_file(folder: Path, tmp_path: Path) -> None:
    one = finished(tmp_path / "one", CUT, "--threads", 1, file=GPT)
    assert filecmp.cmp(folder / "results.h5", one, shallow=False)
    for shard in ("0/2", "1/2"):
        finished(tmp_path / "shards", CUT, "--shard", shard, file=GPT)
    merged = tmp_path / "merged.h5"
    assert run("merge", tmp_path / "shards", "-o", merged).returncode == 0
    assert filecmp.cmp(folder / "results.h5", merged, shallow=False)
    assert run("check", folder).returncode == 0


def expect_consistent(results: Results) -> None:
    assert results.positions == results.attrs["positions"] == POSITIONS
    items = IMAGES * POSITIONS
    for row in range(len(results.trials)):
        correct = results.correct(row)
        assert correct.shape == (IMAGES, POSITIONS)
        assert correct.sum() == results.trials["correct"][row] > 0
    by_point = results.trials.groupby("point")
    for column, counted in (("accuracy", "correct"), ("agreement", "agree")):
        np.testing.assert_allclose(results.points[column],
                                   by_point[counted].sum() / (items * CHIPS), rtol=1e-14)
    loss = by_point["cross_entropy"].sum() / 2.0**32 / (items * CHIPS)
    np.testing.assert_allclose(results.points["loss"], loss, rtol=1e-14)
    np.testing.assert_allclose(results.points["perplexity"], np.exp(loss), rtol=1e-14)


def test_results_and_live_reader(folder: Path) -> None:
    file, live = open_results(folder / "results.h5"), open_run(folder)
    expect_consistent(file)
    expect_consistent(live)
    np.testing.assert_array_equal(file.correct_bits, live.correct_bits)
    points = file.points
    assert (points["perplexity_ci_low"] <= points["perplexity"]).all()
    assert (points["perplexity"] <= points["perplexity_ci_high"]).all()
    assert (1.0 < points["float_perplexity"]).all()


def test_tables_show_the_perplexity(folder: Path) -> None:
    table = run("pareto", folder / "results.h5").stdout
    with h5py.File(folder / "results.h5") as file:
        for value in file["perplexity"][()]:
            assert f" {value:.4g} " in table
        assert f"perplexity {file['baseline_perplexity'][0]:.4g}\n" in table


def test_the_float_network_is_pytorchs() -> None:
    settings = CUT | {"workload.images": 1000, "grid": {"macro.adc.bits": [8]}}
    plan = run("plan", GPT, *set_options(settings))
    assert plan.returncode == 0, plan.stderr
    assert (f"float network: {TORCH_ACCURACY:.2f} %, perplexity {TORCH_PERPLEXITY:.3f} of 1000 "
            f"images with {POSITIONS} positions each\n") in plan.stdout, plan.stdout


def test_labels_of_another_shape_are_one_error(tmp_path: Path) -> None:
    data = np.load(DATA / "gpt_markov_test.npz")
    for labels, shape in ((data["labels"][:, 0], "[1000]"), (data["labels"][:, :31], "[1000, 31]")):
        np.savez(tmp_path / "set.npz", images=data["images"], labels=labels)
        result = run("validate", GPT, *set_options(
            {"workload.data.images": str(tmp_path / "set.npz")}))
        assert_fails(result, 2, "data.labels", shape, "which needs [1000, 32]")


def test_the_committed_data_are_the_sources() -> None:
    source = MarkovSource()
    for name, count, seed in (("test", 1000, 1), ("train", 256, 2)):
        stored = np.load(DATA / f"gpt_markov_{name}.npz")
        tokens = source.sample(count, POSITIONS + 1, seed)
        np.testing.assert_array_equal(stored["images"], tokens[:, :-1])
        np.testing.assert_array_equal(stored["labels"], tokens[:, 1:])
    # 31,000 draws: their mean loss under the source itself is its entropy within 5 sigma of 0.007.
    x = source.sample(1000, 33, 1)
    seen = source.next[x[:, :-2], x[:, 1:-1]]
    loss = -np.log(np.take_along_axis(seen, x[:, 2:, None].astype(int), -1))
    assert abs(loss.mean() - source.entropy()) < 5 * loss.std() / np.sqrt(loss.size)
