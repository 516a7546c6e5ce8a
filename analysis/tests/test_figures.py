# SPDX-License-Identifier: Apache-2.0
"""What figures show, and that nothing of them is cut off or lies on something else."""

from __future__ import annotations

import itertools
import os

import numpy as np
import pytest
from matplotlib.figure import Figure
from sweeps import made_results

from acimsweep import ResultsError, find_front, open_store
from acimsweep.figures import (chip_figure, layer_figure, layer_snr, pareto_figure, save_figure,
                               sensitivity_figure)

REAL = pytest.mark.skipif("ACIM_RESULTS" not in os.environ,
                          reason="ACIM_RESULTS names no results file")


def expect_in_place(figure: Figure) -> None:
    """Every text lies inside of the figure, and no two tick labels of an axis overlap."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    frame = figure.bbox
    for axes in figure.axes:
        texts = [axes.xaxis.label, axes.yaxis.label, axes.title, *axes.texts]
        if axes.get_legend():
            texts += axes.get_legend().get_texts()
        for text in texts:
            if text.get_visible() and text.get_text():
                box = text.get_window_extent(renderer)
                assert frame.x0 - 2 <= box.x0 and box.x1 <= frame.x1 + 2, text
                assert frame.y0 - 2 <= box.y0 and box.y1 <= frame.y1 + 2, text
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            boxes = [tick.label1.get_window_extent(renderer) for tick in axis.get_major_ticks()
                     if low <= tick.get_loc() <= high and tick.label1.get_visible()
                     and tick.label1.get_text() and tick.label1.get_rotation() == 0]
            for a, b in itertools.combinations(boxes, 2):
                assert not a.overlaps(b), axis.get_label_text()


@REAL
def test_all_figures_of_a_real_file(tmp_path) -> None:
    results = open_store(os.environ["ACIM_RESULTS"])
    figures = [pareto_figure(find_front(results)),
               pareto_figure(find_front(results, "accuracy,energy", group_by="adc.bits")),
               pareto_figure(find_front(results, "yield,energy,tops_per_watt", spec=0.8)),
               layer_figure(results), chip_figure(results, spec=0.8), sensitivity_figure(results)]
    for number, figure in enumerate(figures):
        expect_in_place(figure)
        save_figure(figure, tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 5000


def test_fill_is_the_probability_and_steps_follow_the_direction() -> None:
    results = made_results([[0.5, 0.52, 0.54], [0.53, 0.5, 0.52], [0.3, 0.3, 0.3]],
                           {"energy": [1e-9, 1e-9, 2e-9]})
    found = find_front(results, "accuracy,energy")
    figure = pareto_figure(found)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "Energy per inference [nJ]"
    faces = np.concatenate([c.get_facecolors() for c in axes.collections[1::2]
                            if len(c.get_facecolors())])
    shares = sorted(faces[:, 3])
    assert shares[-1] == pytest.approx(found.table["front_probability"].max())
    assert 0 < found.table["front_probability"].nlargest(2).iloc[1] < 1 and shares[0] == 0
    steps = [line for line in axes.get_lines() if line.get_drawstyle() == "steps-post"]
    assert len(steps) == 1  # energy: less is better
    expect_in_place(figure)


def test_long_numbers_find_room() -> None:
    results = made_results([[0.5, 0.52], [0.6, 0.62]], {"energy": [199.4e-9, 200.8e-9]})
    expect_in_place(pareto_figure(find_front(results, "accuracy,energy")))


def test_many_points_stay_readable() -> None:
    random = np.random.default_rng(4)
    accuracy = np.clip(random.normal(0.7, 0.1, (2000, 1)) + random.normal(0, 0.01, (2000, 4)), 0, 1)
    results = made_results(accuracy, {"energy": np.exp(random.normal(0, 1, 2000)),
                                      "kind": [f"kind {k % 5}" for k in range(2000)]},
                           parameters=("x", "kind"))
    figure = pareto_figure(find_front(results, "accuracy,energy"))
    assert figure.axes[0].get_xscale() == "log"
    expect_in_place(figure)


@REAL
def test_snr_of_layers() -> None:
    results = open_store(os.environ["ACIM_RESULTS"])
    table = layer_snr(results)
    exact = table["point"].map(results.points["deterministic"]) == 1
    assert exact.any() and (table["csnr"] == table["sqnr"])[exact].all()
    # The partner of a noisy point has its bits, and no noise.
    one = table[table["point"] == 3].set_index("layer")
    partner = table[table["point"] == 0].set_index("layer")
    assert (one["sqnr"] == partner["csnr"]).all() and not (one["csnr"] == one["sqnr"]).all()
    with pytest.raises(ResultsError, match="no layers here"):
        layer_snr(made_results([[0.5]]))


def test_chips_need_finished_points() -> None:
    results = made_results([[0.5, 0.6], [np.nan, np.nan]])
    expect_in_place(chip_figure(results, [0]))
    with pytest.raises(ResultsError, match="no finished chip at point 1"):
        chip_figure(results, [0, 1])
