# SPDX-License-Identifier: Apache-2.0
"""Predictions of real sweeps: confusion matrices agree with labels, bits and accuracies."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from sweeps import IMAGES, needs_program, run_sweep
from test_figures import expect_in_place

from acimsweep import ResultsError, confusion, open_run, open_store, per_class
from acimsweep.figures import confusion_figure, save_figure

SETTINGS = {"workload.images": 150, "trials.chips": 2, "trials.predictions": True}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_sweep(tmp_path_factory.mktemp("confusion") / "run", "quickstart.yaml", SETTINGS)


@needs_program
def test_matrix_agrees_with_labels_and_accuracies(run: Path) -> None:
    results = open_store(run / "results.h5")
    labels = np.frombuffer(gzip.open(
        IMAGES.with_name("t10k-labels-idx1-ubyte.gz")).read(), np.uint8)[8:158]
    np.testing.assert_array_equal(results.labels, labels)
    classes = per_class(results, labels)
    wrong = 0
    for number in (results.points.index[0], results.points.index[-1]):
        table = confusion(results.point(number))
        trials = int(results.points["n_trials"][number])
        np.testing.assert_array_equal(table.sum(axis=1), trials * np.bincount(labels))
        right = np.diag(table).sum() / (150 * trials)
        assert right == pytest.approx(results.points["accuracy"][number], abs=1e-12)
        own = classes[classes["point"] == number]
        np.testing.assert_allclose(np.diag(table) / table.sum(axis=1), own["accuracy"], atol=1e-12)
        chips = [confusion(results.point(number), chip) for chip in results.point(number).chips.index]
        np.testing.assert_array_equal(sum(chips), table)
        wrong += int(table.to_numpy().sum() - np.diag(table).sum())
    assert wrong > 0


@needs_program
def test_matrices_of_a_stated_size_add(run: Path) -> None:
    point = open_store(run / "results.h5").point(0)
    assert confusion(point, 0, classes=12).shape == confusion(point, classes=12).shape == (12, 12)
    assert confusion(point, classes=12).iloc[:10, :10].equals(confusion(point, classes=10))
    with pytest.raises(ResultsError, match="10 classes are named, more than 9"):
        confusion(point, classes=9)


@needs_program
def test_predictions_are_right_where_bits_say_so(run: Path) -> None:
    results = open_store(run / "results.h5")
    for row in range(0, len(results.trials), 5):
        first, images = results.trials.loc[row, ["first_image", "n_images"]]
        said = results.predicted(np.array([row]))[0, :images]
        right = said == results.labels[first: first + images]
        np.testing.assert_array_equal(right, results.correct(row))
    assert "predictions" not in results.__dict__, "read row by row"


@needs_program
def test_run_directory_says_the_same_as_the_file(run: Path) -> None:
    live, file = open_run(run), open_store(run / "results.h5")
    np.testing.assert_array_equal(live.predictions, file.predictions)
    np.testing.assert_array_equal(live.labels, file.labels)
    assert live.predictions.dtype == file.predictions.dtype == np.uint16


@needs_program
def test_results_without_predictions_say_how_to_get_them(run: Path, tmp_path: Path) -> None:
    plain = run_sweep(tmp_path / "plain", "quickstart.yaml", SETTINGS | {"trials.predictions": False})
    for path in (plain, plain / "results.h5"):
        with pytest.raises(ResultsError, match="trials.predictions: true"):
            confusion(open_store(path).point(0))
        with pytest.raises(ResultsError, match="trials.predictions: true"):
            open_store(path).predicted(np.array([0]))
    columns = ["accuracy", "accuracy_ci_low", "loss", "agreement"]
    with_them = open_store(run / "results.h5").points
    assert with_them[columns].equals(open_store(plain / "results.h5").points[columns])


@needs_program
def test_figure_shows_shares_in_place(run: Path, tmp_path: Path) -> None:
    point = open_store(run / "results.h5").point(0)
    names = ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
             "ankle boot"]
    figure = confusion_figure(point, names)
    expect_in_place(figure)
    save_figure(figure, tmp_path / "confusion.png")
    table = confusion(point)
    share = 100 * table.to_numpy()[0, 0] / table.to_numpy()[0].sum()
    assert f"{share:.1f}" in [text.get_text() for text in figure.axes[0].texts]
    with pytest.raises(ResultsError, match="2 names of 10 classes"):
        confusion_figure(point, names[:2])


@needs_program
def test_chip_without_trials_is_refused(run: Path) -> None:
    with pytest.raises(ResultsError, match="no complete trial of chip 99 at point 0"):
        confusion(open_store(run / "results.h5").point(0), 99)
