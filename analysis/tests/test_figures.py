# SPDX-License-Identifier: Apache-2.0
"""What figures show, and that nothing of them is cut off or lies on something else."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from sweeps import made_results

from acimsweep import DesignFront, ResultsError, find_front, open_store
from acimsweep.figures import (chip_figure, layer_figure, layer_snr, pareto_figure, save_figure,
                               sensitivity_figure)

REAL = pytest.mark.skipif("ACIM_RESULTS" not in os.environ,
                          reason="ACIM_RESULTS names no results file")


@pytest.fixture(autouse=True)
def figures_closed() -> Iterator[None]:
    """None is left open for the next test."""
    yield
    plt.close("all")


def expect_in_place(figure: Figure) -> None:
    """Every text lies inside of the figure, and no two labels of a panel or ticks of an axis overlap."""
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
        for a, b in itertools.combinations(axes.texts, 2):
            assert not _text_box(a).overlaps(_text_box(b)), (a, b)
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            boxes = [tick.label1.get_window_extent(renderer) for tick in axis.get_major_ticks()
                     if low <= tick.get_loc() <= high and tick.label1.get_visible()
                     and tick.label1.get_text() and tick.label1.get_rotation() == 0]
            for a, b in itertools.combinations(boxes, 2):
                assert not a.overlaps(b), axis.get_label_text()


def _text_box(text: Text) -> Bbox:
    """Of the text alone, without the line that leads to it."""
    return Text.get_window_extent(text)


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


def swept(**axes: list[object]) -> DesignFront:
    """The front of a grid of these parameters, noise-free: more bits and fewer rows, more accuracy and
    more energy; sigma costs accuracy."""
    keys = {"bits": "macro.adc.bits", "rows": "macro.rows", "sigma": "macro.noise.random.sigma"}
    grid = list(itertools.product(*axes.values()))
    points = {keys[name]: [row[i] for row in grid] for i, name in enumerate(axes)}
    given = [dict(zip(axes, row)) for row in grid]
    accuracy = [[0.95 - 0.8**g.get("bits", 8) - g.get("rows", 9) / 800 - g.get("sigma", 0) / 9]
                for g in given]
    points["energy"] = [1e-9 * 1.3 ** g.get("bits", 8) / g.get("rows", 9) ** 0.3 for g in given]
    results = made_results(accuracy, points, 20_000, tuple(keys[name] for name in axes), 1)
    return find_front(results, "accuracy,energy")


@pytest.mark.parametrize("axes, label", [
    ({"bits": [4, 5, 6, 7]}, "6 b"),
    ({"bits": [4, 5, 6, 7], "rows": [36, 72, 144]}, "6 b · 72 rows"),
    ({"rows": [36, 72], "bits": [5, 7]}, "36 rows · 7 b"),
    ({"bits": [4, 6, 8], "rows": [36, 144], "sigma": [0.0, 0.5]}, "8 b · 36 rows · σ 0"),
])
def test_points_of_the_front_are_named(axes: dict[str, list[object]], label: str) -> None:
    found = swept(**axes)
    figure = pareto_figure(found)
    expect_in_place(figure)
    labels = [text.get_text() for text in figure.axes[0].texts]
    assert label in labels and len(labels) == len(set(labels)) == len(found.front) > 2
    assert all(text.count("·") == len(axes) - 1 for text in labels)


def test_the_second_parameter_is_the_shape() -> None:
    def looks(found: DesignFront) -> tuple[int, int]:
        """Numbers of colours and shapes of the markers."""
        drawn = [c for c in pareto_figure(found).axes[0].collections[1::2] if len(c.get_offsets())]
        return (len({tuple(c.get_edgecolors()[0]) for c in drawn}),
                len({c.get_paths()[0].vertices.tobytes() for c in drawn}))

    assert looks(swept(bits=[4, 5, 6], rows=[36, 72])) == (3, 2)
    assert looks(swept(bits=[4, 5, 6], rows=[36, 72], sigma=[0.0, 0.5])) == (2, 3)  # colour: noise
    assert looks(swept(bits=[4, 5, 6])) == (3, 3)  # both, so that it reads without colour
    legend = pareto_figure(swept(bits=[4, 5], rows=[36, 72])).axes[0].get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts[:6] == ["ADC resolution [bit]", "4", "5", "rows", "36", "72"]


def test_a_long_legend_finds_room() -> None:
    sigmas = [k / 40 for k in range(14)]
    figure = pareto_figure(swept(bits=list(range(2, 12)), sigma=sigmas))
    assert len(figure.axes[-1].get_legend().get_texts()) > 28
    expect_in_place(figure)


def test_points_on_each_other_share_a_label() -> None:
    energy = [1e-9, 1e-9, 1e-9, 2e-9, 2e-9, 2e-9]
    table = {"energy": energy, "macro.adc.bits": [6, 6, 6, 7, 8, 8], "a": [0, 1, 2, 0, 0, 1],
             "macro.mapping": ["dense"] * 5 + ["a text that nobody would want to read"]}
    results = made_results([[0.5]] * 3 + [[0.6]] * 3, table, deterministic=1,
                           parameters=("macro.adc.bits", "a", "macro.mapping"))
    figure = pareto_figure(find_front(results, "accuracy,energy"))
    assert sorted(text.get_text() for text in figure.axes[0].texts) == [
        "6 b · a 0/1/2 · dense", "7 b · a 0 · dense (+2)"]
    one = find_front(results, "accuracy,energy", where="mapping != 'dense'")
    assert [text.get_text() for text in pareto_figure(one).axes[0].texts] == []  # nothing to tell apart
    two = find_front(results, "accuracy,energy", where="a == 1")
    assert "8 b · a text that nobody…" in [t.get_text() for t in pareto_figure(two).axes[0].texts]


def test_labels_put_the_unit_behind_the_value() -> None:
    table = {"energy": [1.0, 2.0], "macro.cell.c_unit_fF": [0.5, 2.0], "macro.cell.mismatch_pct": [1, 3],
             "macro.preset": ["./my/mine.yaml", "cr_cim"], "weight_bits": [4, np.nan]}
    results = made_results([[0.5], [0.6]], table, parameters=tuple(table)[1:], deterministic=1)
    results.units.update({"macro.cell.c_unit_fF": "fF"})
    figure = pareto_figure(find_front(results, "accuracy,energy"))
    labels = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(labels) == ["c_unit 0.5 fF · mismatch 1 · mine · W4", "c_unit 2 fF · mismatch 3 · cr_cim"]


def test_a_long_front_has_no_labels_rather_than_a_heap() -> None:
    few, many = swept(bits=list(range(2, 12))), swept(bits=list(range(2, 30)))
    assert len(pareto_figure(few).axes[0].texts) == 10
    assert len(many.front) > 24 and len(pareto_figure(many).axes[0].texts) == 0


def test_labels_that_find_no_good_place_are_left_out() -> None:
    """Twenty points of the front on a pixel or two, between two that stand alone."""
    names = ["low", *(f"a preset of name {k:02}" for k in range(20)), "high"]
    results = made_results([[0.1], *([0.5 + 0.001 * k] for k in range(20)), [0.9]], parameters=("name",),
                           points={"energy": [0.1, *(1 + 1e-4 * k for k in range(20)), 9.0],
                                   "name": names}, deterministic=1)
    figure = pareto_figure(find_front(results, "accuracy,energy"))
    expect_in_place(figure)
    labels = [text.get_text() for text in figure.axes[0].texts]
    assert {"low", "high"} < set(labels) and 4 < len(labels) < 22


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
