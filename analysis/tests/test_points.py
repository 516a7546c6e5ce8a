# SPDX-License-Identifier: Apache-2.0
"""One point: chosen by values, its accuracy and layers, and how results show themselves."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import write_results
from sweeps import made_results

from acimsweep import Results, ResultsError, SelectionError, find_front, open_store, point_statistics

GRID = {"macro.adc.bits": [6, 6, 8, 8, 8], "macro.rows": [64, 144, 64, 144, 144],
        "macro.adc.range": ["full", "full", "full", "full", "[0,0.5]"], "weight_bits": [4] * 5,
        "macro.noise.random.sigma": [0.3, 0.3, 0.3, np.nan, 0.3]}


def grid() -> Results:
    return made_results([[0.5, 0.6]] * 5, GRID, parameters=tuple(GRID))


def test_a_point_by_its_values() -> None:
    store = grid()
    for values, number in (({"adc_bits": 6, "rows": 144}, 1), ({"macro_adc_bits": 6.0, "rows": 64}, 0),
                           ({"bits": 6, "rows": 144, "weight_bits": 4}, 1), ({"sigma": None}, 3),
                           ({"range": [0, 0.5]}, 4), ({"range": "[0,0.5]"}, 4),
                           ({"bits": 8, "rows": 64, "noise_random_sigma": 0.1 + 0.2}, 2)):
        assert store.point(**values).number == number, values
    assert store.point({"adc.bits": 6, "macro.rows": 144}).number == 1
    assert store.point({"adc.bits": 6}, rows=np.int64(64)).number == 0
    assert store.point(2).number == store.point(number=2).number == 2
    assert made_results([[0.5]], parameters=()).point().number == 0  # the only one


@pytest.mark.parametrize("values, words", [
    ({"adc_bits": 7}, "adc.bits is never 7; there are 6, 8"),
    ({"adc_bits": 6, "range": "half"}, "no point with adc_bits=6, range=half: .*range is never half; "
                                       "there are full"),
    ({"adc_bits": "6"}, "adc.bits is never 6"),
    ({"adc_bits": 6}, r"2 points with adc_bits=6. Give also rows .64, 144."),
    ({}, "5 points. Give also adc.bits .6, 8.; rows"),
    ({"row": 64}, "no swept parameter is called 'row'. Near: 'macro.rows'"),
    ({"adc": 6}, "no swept parameter is called 'adc'"),
])
def test_values_that_no_point_or_several_have(values: dict[str, object], words: str) -> None:
    with pytest.raises(SelectionError, match=words):
        grid().point(**values)


def test_what_cannot_choose() -> None:
    store = made_results([[0.5], [0.6]], {"macro.a.bits": [1, 2], "macro.b.bits": [1, 2]},
                         parameters=("macro.a.bits", "macro.b.bits"))
    with pytest.raises(SelectionError, match="could be macro.a.bits or macro.b.bits"):
        store.point(bits=1)
    with pytest.raises(TypeError, match="not both"):
        store.point(0, a_bits=1)
    with pytest.raises(KeyError, match="no point 2; there are 2"):
        store.point(2)
    same = made_results([[0.5], [0.6]], parameters=())
    with pytest.raises(SelectionError, match="2 points. Give the number"):
        same.point()
    with pytest.raises(SelectionError, match="Nothing is swept"):
        same.point(rows=3)


def test_accuracy_of_a_point(results_path: Path) -> None:
    stored = open_store(results_path).point(4).accuracy
    row = open_store(results_path).points.loc[4]
    assert (stored.mean, *stored.interval) == (row["accuracy"], row["accuracy_ci_low"],
                                               row["accuracy_ci_high"])
    assert float(stored) == stored.mean and stored.chips == 3
    store = made_results([[0.5, 0.6, 0.7], [0.5, np.nan, np.nan], [np.nan] * 3, [0.5, 0.5, 0.5]],
                         deterministic=[0, 0, 0, 1])
    computed, expected = store.point(0).accuracy, point_statistics(store).loc[0]
    assert computed.interval == (expected["accuracy_ci_low"], expected["accuracy_ci_high"])
    assert computed.kind == "student_t"
    assert computed.image_half_width == expected["accuracy_image_half_width"] > 0
    assert str(computed) == "60.00 % (35.16 .. 84.84 over 3 chips, +- 3.0 images)"
    assert str(store.point(1).accuracy) == "50.00 % (1 chip: none, +- 3.1 images)"
    assert str(store.point(2).accuracy) == "no finished chip"
    assert str(store.point(3).accuracy) == "50.00 % (exact over chips, +- 3.1 images)"


def test_layers_of_a_point(results_path: Path) -> None:
    layers = open_store(results_path).point(4).layers
    assert list(layers.index) == ["conv1", "fc"] and (layers["point"] == 4).all()
    with pytest.raises(ResultsError, match="no layers here. acimsweep merge"):
        grid().point(0).layers


def test_lines_of_results_points_and_fronts(results_path: Path, tmp_path: Path) -> None:
    store = open_store(results_path)
    store.attrs.update(chips=3, repeats=1, images=20)
    assert repr(store) == (
        "<Results test sweep: 9 points over adc.bits, noise.random.sigma; 3 chips x 1 repeat x "
        f"20 images; complete; {results_path}>")
    assert repr(store.point(4)).startswith(
        "<Point 4: adc.bits=6, noise.random.sigma=0.25; accuracy 63.33 % (61.33 .. 65.33 over 3 ")
    found = find_front(store)
    assert repr(found) == ("<DesignFront test sweep: 3 of 9 points on the front of accuracy (max) and "
                           f"tops_per_watt (max); hypervolume {found.hypervolumes[None].normalised:.4f}>")
    grouped = find_front(store, "accuracy:min,tops_per_watt", group_by="adc.bits")
    assert "accuracy (min)" in repr(grouped) and repr(grouped).endswith("; in 3 groups by adc.bits>")
    fresh = open_store(results_path)
    write_results(tmp_path / "new.h5")
    os.replace(tmp_path / "new.h5", results_path)
    assert "replaced since it was opened" in repr(fresh) and "replaced" in fresh._repr_html_()


def test_tables_in_a_notebook(results_path: Path) -> None:
    store = open_store(results_path)
    store = replace(store, attrs=store.attrs | {"title": "<b>"})
    page = store._repr_html_()
    assert "&lt;b&gt;" in page and "<b>" not in page
    assert page.count("<tr") == 11 and "tops_per_watt" in page and "point_json" not in page
    front = find_front(store)._repr_html_()
    assert front.count("<tr") == 5 and "front_probability" in front  # 3 points, names of columns and index
    many = made_results(np.full((100, 1), 0.5))._repr_html_()
    assert many.count("<tr") < 20
