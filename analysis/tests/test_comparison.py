# SPDX-License-Identifier: Apache-2.0
"""Paired comparison of points, and accuracy per class."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from sweeps import made_results, needs_program, run_sweep
from scipy import stats

from acimsweep import Results, ResultsError, compare, open_store, paired_difference, per_class


def test_pairs_by_chip() -> None:
    """Both points vary by 0.2 from chip to chip, their difference by 0.01 only."""
    chips = np.array([0.5, 0.6, 0.7, 0.4])
    gain = np.array([0.02, 0.03, 0.02, 0.01])
    found = compare(*(made_results([chips + gain, chips]).point(k) for k in (0, 1)))
    assert found.by_chip.difference == pytest.approx(0.02)
    test = stats.ttest_rel(chips + gain, chips)
    assert found.by_chip.p_value == pytest.approx(test.pvalue, rel=1e-9)
    assert found.by_chip.interval == pytest.approx(
        stats.t.interval(0.95, 3, gain.mean(), stats.sem(gain)), abs=1e-9)
    assert found.by_chip.kind == "student_t" and found.by_chip.count == 4
    assert list(found.trials["only_a"]) == [20, 30, 20, 10] and (found.trials["only_b"] == 0).all()
    # By image: each of 1000 images differs on a known number of the chips.
    per_image = sum((np.arange(1000) < 1000 * (a + g) - 0.5).astype(float)
                    - (np.arange(1000) < 1000 * a - 0.5) for a, g in zip(chips, gain)) / 4
    assert found.by_image.interval == pytest.approx(
        stats.t.interval(0.95, 999, per_image.mean(), stats.sem(per_image)), abs=1e-9)
    assert "+2.00 %" in str(found)


def test_one_chip_and_deterministic_points() -> None:
    results = made_results([[0.5, np.nan], [0.4, 0.4], [0.6, 0.6], [0.3, 0.31]],
                           deterministic=[0, 1, 1, 0])
    one = compare(results.point(0), results.point(3))
    assert one.by_chip.kind == "none" and np.isnan(one.by_chip.interval.low)
    assert one.by_image.kind == "mcnemar" and one.by_image.p_value < 1e-6
    both = compare(results.point(2), results.point(1))
    assert both.by_chip.interval == pytest.approx((0.2, 0.2)) and both.by_chip.kind == "exact"
    assert both.by_image.kind == "mcnemar"
    mixed = compare(results.point(2), results.point(3))  # each chip against the one fixed value
    assert mixed.by_chip.count == 2 and mixed.by_chip.difference == pytest.approx(0.295)


def test_chips_that_agree_do_not_claim_certainty() -> None:
    results = made_results([[0.5, 0.6], [0.4, 0.5]])
    found = compare(results.point(0), results.point(1)).by_chip
    assert found.kind == "resolution" and found.interval == pytest.approx((0.0995, 0.1005))


def test_two_files_by_their_parameters() -> None:
    a = made_results([[0.5, 0.6, 0.55], [0.4, 0.5, 0.47]], {"x": [1, 2]})
    b = made_results([[0.3, 0.2, 0.27], [0.5, 0.6, 0.56]], {"x": [3, 1]})
    table = compare(a, b)
    assert table[["x", "point_a", "point_b"]].values.tolist() == [[1, 0, 1]]
    assert table["difference"][0] == pytest.approx(-0.01 / 3)
    for name, value, words in (("data_hash", "e", "other data"), ("seed", 9, "other chips")):
        other = made_results([[0.5, 0.6]])
        other.attrs[name] = value
        for pair in ((a, other), (a.point(0), other.point(0))):
            with pytest.raises(ResultsError, match=words):
                compare(*pair)
    with pytest.raises(ResultsError, match="1000 and 500 images"):
        compare(a, made_results([[0.5, 0.6]], images=500))
    with pytest.raises(ResultsError, match="no trial is finished at both"):
        compare(a.point(0), made_results([[np.nan, np.nan], [0.5, 0.5]]).point(0))
    with pytest.raises(TypeError, match="store.point"):
        compare(a, b.point(0))


def test_two_files_of_one_point_and_nothing_swept() -> None:
    a, b = (made_results([chips], parameters=()) for chips in ([0.5, 0.6, 0.55], [0.4, 0.5, 0.47]))
    table = compare(a, b)
    assert table[["point_a", "point_b"]].values.tolist() == [[0, 0]]
    assert table["difference"][0] == pytest.approx(0.28 / 3)
    with pytest.raises(ResultsError, match="share the values of all swept parameters"):
        compare(a, made_results([[0.5], [0.5]], parameters=()))


def file_of(path: str, sweep: str, **columns: str) -> Results:
    """One point, nothing swept, opened from `path`, with identity columns."""
    made = made_results([[0.5, 0.6]], {name: [text] for name, text in columns.items()},
                        parameters=())
    made.attrs.update(sweep_name="w4", sweep_sha256=hashlib.sha256(sweep.encode()).hexdigest(),
                      code_version="0.1")

    def load(name: str) -> object:
        return sweep if name == "sweep_text" else made.load(name)

    return replace(made, path=path, load=load)


def test_the_text_of_two_files_names_them_and_what_differs() -> None:
    keys = {"macro": {"rows": 255, "adc": {"range": [0, 0.5]}}, "weight_bits": 4}
    rules = {"layers": [{"match": "conv1", "analog": False}, {"match": "fc*", "macro": {"rows": 64}}]}
    a = file_of("a.h5", "workload: {network: x.onnx, images: 9}\n", network_hash="a" * 64,
                point_json=json.dumps(keys))
    b = file_of("b.h5", "workload:\n  network: 'y z.onnx'  # network: w.onnx\n",
                network_hash="b" * 64, point_json=json.dumps(keys | {"weight_bits": 8} | rules))
    found = compare(a.point(0), b.point(0))
    lines = str(found).splitlines()
    assert repr(found) == str(found)
    assert lines[0] == "w4 (a.h5) minus w4 (b.h5):"
    assert lines[3:] == ["  weight_bits: 4 and 8",
                         "  layers: none and conv1: analog=false; fc*: macro.rows=64",
                         "  network_hash: aaaaaaaaaaaa and bbbbbbbbbbbb (x.onnx and y z.onnx)"]
    table = compare(a, b)
    assert list(table["differs"]) == ["weight_bits, layers, network_hash"]
    assert table.attrs == {"a": "w4 (a.h5)", "b": "w4 (b.h5)"}


def test_what_only_a_hash_tells() -> None:
    one = {"network_hash": "a" * 64, "point_json": '{"weight_bits":4}'}
    a = file_of("a.h5", "workload:\n  network: x.onnx\n", **one)

    def notes(sweep: str, **columns: str) -> list[str]:
        return str(compare(a.point(0), file_of("b.h5", sweep, **columns).point(0))).splitlines()[3:]

    assert notes(a.sweep_text, **one) == ["  no difference: the same sweep"]
    assert "sweep_sha256" in notes(a.sweep_text + "# note\n", **one)[0]
    changed = notes(a.sweep_text + "# --set workload.network=w.onnx\n", **one | {"network_hash": "c"})
    assert changed == ["  network_hash: aaaaaaaaaaaa and c (x.onnx and w.onnx)"]
    assert "x.onnx in both" in notes(a.sweep_text, **one | {"network_hash": "c"})[0]
    no_keys = [file_of(f"{name}.h5", "", point_id=name * 64) for name in "ab"]
    assert compare(*(f.point(0) for f in no_keys)).differs == {
        "point_id": "aaaaaaaaaaaa and bbbbbbbbbbbb"}


def test_what_both_files_sweep_is_no_note() -> None:
    points = {"x": [1, 2], "point_json": [json.dumps({"x": x, "y": 5}) for x in (1, 2)]}
    a = made_results([[0.5, 0.6], [0.4, 0.5]], points)
    b = made_results([[0.5, 0.6], [0.4, 0.5]], points)
    assert list(compare(a, b)["differs"]) == ["", ""]
    assert compare(a.point(0), b.point(1)).differs == {}
    assert str(compare(a.point(0), a.point(1))).startswith("x=1 minus x=2:\n")
    assert len(str(compare(a.point(0), a.point(1))).splitlines()) == 3


@needs_program
def test_trials_of_several_blocks(tmp_path) -> None:
    """520 images are two blocks of a trial; the counts are those of the bits."""
    settings = {"workload.images": 520, "trials": {"chips": 2, "repeats": 1},
                "grid": {"macro.noise.random.sigma": [0.06, 0.1]}}
    store = open_store(run_sweep(tmp_path / "run", "quickstart.yaml", settings) / "results.h5")
    assert len(store.trials) == 8
    found = compare(store.point(0), store.point(1))
    for chip, pair in found.trials.groupby("chip"):
        correct = []
        for point in (0, 1):
            rows = store.trials.query("point == @point and chip == @chip").index
            correct.append(np.concatenate([store.correct(row) for row in rows]))
        by_hand = paired_difference(*correct)
        assert by_hand.images == 520
        assert (pair["only_a"].item(), pair["only_b"].item()) == (by_hand.only_a, by_hand.only_b)
    difference = store.points["accuracy"][0] - store.points["accuracy"][1]
    assert found.by_chip.difference == pytest.approx(difference)
    assert found.by_image.difference == pytest.approx(difference)
    labels = np.arange(600) % 7  # any labels: classes have to add up to the accuracy
    table = per_class(store, labels)
    total = (table["items"] * table["accuracy"]).groupby(table["point"]).sum() / 520
    np.testing.assert_allclose(total, store.points["accuracy"], rtol=1e-12)


def test_accuracy_of_each_class() -> None:
    results = made_results([[0.5, 0.75]], images=4)  # right: images 0, 1; 0, 1, 2
    table = per_class(results, np.array([5, 9, 9, 9, 7]))
    assert table[["point", "class", "items"]].values.tolist() == [[0, 5, 1], [0, 9, 3]]
    np.testing.assert_allclose(table["accuracy"], [1, 0.5])
    np.testing.assert_allclose(table[["lowest", "highest"]], [[1, 1], [1 / 3, 2 / 3]])
    for labels in (np.zeros(3, int), np.zeros((4, 2), int), np.zeros(4)):
        with pytest.raises(ResultsError, match="labels of"):
            per_class(results, labels)
