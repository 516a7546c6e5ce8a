# SPDX-License-Identifier: Apache-2.0
"""Settings of the error models that make no sense: exit code 2, one line that names file, key,
value and what to do, and no output file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mac_cases import run, write_macro, write_operands

CELL = {"c_unit_fF": 2.0}
ERRORS = "sum,mean_lsb,sigma_lsb\n"
FILES = {
    "good.csv": ERRORS + "0,0,1\n17,0,1\n",
    "empty.csv": "",
    "header.csv": ERRORS,
    "unsorted.csv": ERRORS + "0,0,1\n9,0,1\n5,0,1\n17,0,1\n",
    "twice.csv": ERRORS + "0,0,1\n9,0,1\n9,0,2\n17,0,1\n",
    "short.csv": ERRORS + "0,0,1\n12,0,1\n",
    "late.csv": ERRORS + "1,0,1\n17,0,1\n",
    "negative.csv": ERRORS + "0,0,1\n8,0,-1\n17,0,1\n",
    "nan.csv": ERRORS + "0,0,1\n8,nan,1\n17,0,1\n",
    "text.csv": ERRORS + "0,0,1\n8,abc,1\n17,0,1\n",
    "ragged.csv": ERRORS + "0,0,1\n8,0\n17,0,1\n",
    "columns.csv": "sum,sigma_lsb,mean_lsb\n0,0,1\n17,0,1\n",
    "edges15.csv": "edge,inl_lsb\n" + "".join(f"{c},0\n" for c in range(1, 16)),
    "edges14.csv": "edge,inl_lsb\n" + "".join(f"{c},0\n" for c in range(1, 15)),
    "edges7.csv": "edge,inl_lsb\n" + "".join(f"{c},0\n" for c in range(1, 8)),
    "edges0.csv": "edge,inl_lsb\n" + "".join(f"{c},0\n" for c in range(15)),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_operands(tmp_path / "in.h5", {"x": np.ones((2, 30), dtype=int),
                                        "w": np.ones((3, 30), dtype=int)})
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def refused(folder: Path, macro: dict, *parts: str) -> None:
    settings = {"weight_bits": 4, "activation_bits": 4, "seed": 1,
                "macro": {"rows": 17, "adc": {"bits": 4}, **macro}}
    result = run("mac", folder / "in.h5", "--macro", write_macro(folder / "m.yaml", settings),
                 "-o", folder / "out.h5")
    assert result.returncode == 2, (result.returncode, result.stderr)
    assert result.stdout == "" and not (folder / "out.h5").exists()
    line = result.stderr.strip()
    assert line.startswith("acimsweep: ") and "\n" not in line
    for part in ("m.yaml", *parts):
        assert part in line, line


def test_the_settings_without_the_mistake_work(folder: Path) -> None:
    """Guards the other tests: it is the mistake that is refused."""
    settings = {"weight_bits": 4, "activation_bits": 4, "seed": 1,
                "macro": {"rows": 17, "adc": {"bits": 4}, "v_ref": 0.9, "cell": CELL,
                          "measured": {"file": "good.csv"},
                          "adc_errors": {"table": "edges15.csv"}}}
    result = run("mac", folder / "in.h5", "--macro", write_macro(folder / "m.yaml", settings),
                 "-o", folder / "out.h5")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("group", "key", "value", "more"), [
    ("cell", "c_unit_fF", -1, {}), ("cell", "mismatch_pct_sqrt_fF", -0.5, CELL),
    ("cell", "c_par_ratio", -0.1, CELL), ("cell", "c_par_fF", -3, CELL),
    ("cell", "c_par_variation_pct", -2, CELL), ("cell", "leakage_pA", -10, CELL),
    ("cell", "hold_ns", -15, CELL), ("cell", "temperature_K", -300, CELL),
    ("switch", "injection_offset_variation_mV", -1, {}), ("switch", "settling_error", -0.1, {}),
    ("switch", "settling_error", 1.5, {}), ("input_dac", "inl_lsb", -0.2, {}),
    ("adc_errors", "offset_lsb", -1, {}), ("adc_errors", "gain_pct", -1, {}),
    ("adc_errors", "dnl_lsb", -0.1, {}), ("adc_errors", "comparator_lsb", -0.3, {}),
    ("current_domain", "alpha", -0.01, {}), ("current_domain", "variation_pct", -4, {}),
    ("voting", "samples", 0, {}), ("voting", "samples", 65, {}), ("voting", "levels", -1, {}),
    ("voting", "combine", "average", {}), ("voting", "samples", 2.5, {}),
    ("array", "columns", 0, {}), ("array", "row_groups", 0, {}), ("array", "count", -1, {}),
    ("array", "columns_per_adc", 0, {}), ("measured", "scope", "once", {}),
    ("switch", "reset", "yes", {}), ("cell", "calibrated", 1, {}),
])
def test_value_out_of_range(group: str, key: str, value: object, more: dict, folder: Path) -> None:
    refused(folder, {"v_ref": 0.9, group: more | {key: value}}, f"macro.{group}.{key}",
            str(value), "must be")


@pytest.mark.parametrize(("macro", "key", "value", "missing"), [
    ({"noise": {"random": {"sigma": 0.001, "unit": "volt"}}}, "noise.random.sigma", "0.001",
     "macro.v_ref"),
    ({"switch": {"injection_offset_mV": 1.5}}, "switch.injection_offset_mV", "1.5", "macro.v_ref"),
    ({"switch": {"injection_offset_variation_mV": 1.5}}, "switch.injection_offset_variation_mV",
     "1.5", "macro.v_ref"),
    ({"cell": {"mismatch_pct_sqrt_fF": 0.85}}, "cell.mismatch_pct_sqrt_fF", "0.85", "c_unit_fF"),
    ({"cell": {"c_par_fF": 2.5}}, "cell.c_par_fF", "2.5", "c_unit_fF"),
    ({"cell": {"temperature_K": 300}, "v_ref": 0.9}, "cell.temperature_K", "300", "c_unit_fF"),
    ({"cell": CELL | {"temperature_K": 300}}, "cell.temperature_K", "300", "macro.v_ref"),
    ({"cell": CELL | {"leakage_pA": 10}, "v_ref": 0.9}, "cell.leakage_pA", "10", "hold_ns"),
    ({"cell": CELL | {"leakage_pA": 10, "hold_ns": 15}}, "cell.leakage_pA", "10", "macro.v_ref"),
    ({"cell": {"leakage_pA": 10, "hold_ns": 15}, "v_ref": 0.9}, "cell.leakage_pA", "10",
     "c_unit_fF"),
])
def test_term_without_what_it_refers_to(macro: dict, key: str, value: str, missing: str,
                                        folder: Path) -> None:
    refused(folder, macro, f"macro.{key}", value, missing, "not given", "Give")


@pytest.mark.parametrize(("group", "unit"), [("random", "mV"), ("random", "count"),
                                             ("nonlinear", "lsb"), ("nonlinear", "volt")])
def test_unit_that_does_not_fit(group: str, unit: str, folder: Path) -> None:
    refused(folder, {"v_ref": 1.0, "noise": {group: {"sigma": 0.1, "unit": unit}}},
            f"macro.noise.{group}.unit", f"'{unit}'", "percent_fs")


@pytest.mark.parametrize(("name", "parts"), [
    ("empty.csv", ["no values", "Give"]), ("header.csv", ["no values", "Give"]),
    ("unsorted.csv", ["5", "9", "ascend"]), ("twice.csv", ["9", "ascend"]),
    ("short.csv", ["12", "17"]), ("late.csv", ["1", "start at 0"]),
    ("negative.csv", ["sigma_lsb", "-1", "negative"]), ("nan.csv:3", ["mean_lsb", "nan", "finite"]),
    ("text.csv:3", ["mean_lsb", "abc"]), ("ragged.csv:3", ["2 values", "3 columns"]),
    ("columns.csv", ["sum, mean_lsb, sigma_lsb"]), ("edges15.csv", ["sum, mean_lsb, sigma_lsb"]),
    ("nothing.csv", ["no such file"]),
])
def test_measured_errors(name: str, parts: list[str], folder: Path) -> None:
    """The key, the file and, where there is one, the line of the file."""
    file = name.split(":")[0]
    refused(folder, {"measured": {"file": file}}, "macro.measured.file", name, *parts)


@pytest.mark.parametrize(("name", "parts"), [
    ("edges14.csv", ["14 edges", "2^B-1"]), ("edges7.csv", ["7", "15", "macro.adc.bits"]),
    ("edges0.csv", ["edge", "0", "1"]), ("empty.csv", ["no values"]),
    ("good.csv", ["edge, inl_lsb"]), ("nothing.csv", ["no such file"]),
])
def test_measured_edges(name: str, parts: list[str], folder: Path) -> None:
    refused(folder, {"adc_errors": {"table": name}}, "macro.adc_errors.table", name, *parts)


@pytest.mark.parametrize(("table", "value"), [
    ([0, 0.25], "2 values"), ([0, 1, 2, 3, 4], "5 values"), ([], "empty"), ([0, 0, 600, 0], "600")])
def test_table_of_the_input_dac(table: list[float], value: str, folder: Path) -> None:
    refused(folder, {"bits_per_cycle": 2, "input_dac": {"table": table}}, "macro.input_dac.table",
            value)


CHARGE = [("cell", "mismatch_pct_sqrt_fF", 1.5), ("cell", "c_par_ratio", 0.25),
          ("cell", "temperature_K", 300), ("switch", "settling_error", 0.25),
          ("switch", "injection_offset_mV", 1.5), ("switch", "injection_gain", 0.125)]


@pytest.mark.parametrize(("group", "key", "value"), CHARGE)
@pytest.mark.parametrize("current", [{"alpha": 0.01}, {"variation_pct": 2.0}])
def test_current_domain_has_no_charge_terms(current: dict, group: str, key: str, value: float,
                                            folder: Path) -> None:
    more = CELL if group == "cell" else {}
    refused(folder, {"v_ref": 0.9, "current_domain": current, group: more | {key: value}},
            f"macro.{group}.{key}", str(value), "macro.current_domain", "Remove")


@pytest.mark.parametrize(("macro", "parts"), [
    ({"weight_encoding": "differential"}, ["macro.weight_encoding", "differential", "Remove"]),
    ({"weight_encoding": "xnor"}, ["macro.weight_encoding", "xnor", "Remove"]),
    ({"noise": {"nonlinear": {"sigma": 0.25}}}, ["macro.noise.nonlinear.sigma", "0.25", "Remove"]),
    ({"measured": {"file": "good.csv"}}, ["macro.measured.file", "good.csv", "Remove"]),
    ({"adc": {"bits": 1}}, ["macro.adc.bits", "1"]),
    ({"adc": {"bits": 4, "range": [0.25, 0.5]}}, ["macro.adc.range", "0.25", "full"]),
    ({"adc": {"bits": 4, "range": "counts"}}, ["macro.adc.range", "counts", "full"]),
])
def test_weight_parallel_excludes(macro: dict, parts: list[str], folder: Path) -> None:
    refused(folder, {"weight_parallel": True, **macro}, "macro.weight_parallel", *parts)


def test_measured_edges_exclude_drawn_ones(folder: Path) -> None:
    refused(folder, {"adc_errors": {"table": "edges15.csv", "dnl_lsb": 0.25}},
            "macro.adc_errors.dnl_lsb", "0.25", "macro.adc_errors.table", "Remove")


def test_an_array_too_narrow_for_a_weight(folder: Path) -> None:
    refused(folder, {"array": {"columns": 3}}, "macro.array.columns", "3", "4 columns")


@pytest.mark.parametrize("sigma", [30.0, 1000.0])
def test_a_cell_may_not_become_negative(sigma: float, folder: Path) -> None:
    refused(folder, {"cell": CELL | {"mismatch_pct_sqrt_fF": sigma}},
            "macro.cell.mismatch_pct_sqrt_fF", f"{sigma:g}", "negative")


@pytest.mark.parametrize("macro", [
    {"cell": CELL | {"mismatch_pct_sqrt_fF": 1.0}}, {"adc_errors": {"offset_lsb": 0.1}},
    {"adc_errors": {"comparator_lsb": 0.1}}, {"measured": {"file": "good.csv"}},
    {"cell": CELL | {"temperature_K": 300}, "v_ref": 0.9}, {"adc_errors": {"dnl_lsb": 0.1}},
    {"current_domain": {"variation_pct": 1.0}},
    {"input_dac": {"inl_lsb": 0.1}, "bits_per_cycle": 2},
])
def test_what_is_drawn_needs_a_seed(macro: dict, folder: Path) -> None:
    settings = {"weight_bits": 4, "activation_bits": 4,
                "macro": {"rows": 17, "adc": {"bits": 4}, **macro}}
    result = run("mac", folder / "in.h5", "--macro", write_macro(folder / "m.yaml", settings),
                 "-o", folder / "out.h5")
    assert result.returncode == 2 and "seed" in result.stderr, result.stderr
    assert not (folder / "out.h5").exists()
