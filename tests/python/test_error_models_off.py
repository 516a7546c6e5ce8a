# SPDX-License-Identifier: Apache-2.0
"""Off means off: a key of the error models at its off value changes no bit of any result, one by
one and all together; and a term that is on changes something, so that the comparison can fail."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from mac_cases import mac

RNG = np.random.default_rng(3)
DATA = {"x": RNG.integers(0, 16, (6, 50)), "w": RNG.integers(-7, 8, (7, 50))}
PLAIN = {"rows": 17, "mapping": "dense", "bits_per_cycle": 2, "adc": {"bits": 5}}
NOISY = PLAIN | {"noise": {"random": {"sigma": 0.6, "unit": "lsb"}, "nonlinear": {"sigma": 1.0}}}
CHIP = PLAIN | {"v_ref": 0.9, "noise": {"random": {"sigma": 0.6, "unit": "lsb"}},
                "cell": {"c_unit_fF": 2.0, "mismatch_pct_sqrt_fF": 4.0, "c_par_ratio": 0.2},
                "adc_errors": {"offset_lsb": 0.4}}
BASES = {"plain": PLAIN, "noisy": NOISY, "chip": CHIP}

# Dotted key below macro, off value. What else these keys need to be accepted stands beside them.
OFF: list[tuple[str, object, dict]] = [
    ("weight_encoding", "twos_complement", {}),
    ("weight_parallel", False, {}),
    ("hybrid.levels", 0, {}),
    ("hybrid.asim_rounding", False, {}),
    ("voting.levels", 0, {"voting.samples": 5}),
    ("voting.samples", 1, {"voting.levels": 3}),
    ("current_domain.alpha", 0.0, {}),
    ("current_domain.variation_pct", 0.0, {}),
    ("array.row_groups", 1, {}),
    ("array.columns_per_adc", 1, {}),
    ("array.count", 0, {}),
    ("array.columns", 256, {}),
    ("cell.c_par_fF", 0.0, {}),
    ("cell.c_par_variation_pct", 0.0, {}),
    ("cell.calibrated", True, {}),
    ("cell.leakage_pA", 0.0, {"cell.hold_ns": 15}),
    ("cell.hold_ns", 0.0, {}),
    ("cell.temperature_K", 0.0, {}),
    ("switch.injection_offset_mV", 0.0, {}),
    ("switch.injection_offset_variation_mV", 0.0, {}),
    ("switch.injection_gain", 0.0, {}),
    ("switch.injection_curvature", 0.0, {}),
    ("switch.settling_error", 0.0, {"switch.reset": False}),
    ("switch.reset", True, {}),
    ("input_dac.inl_lsb", 0.0, {}),
    ("adc_errors.gain_pct", 0.0, {}),
    ("adc_errors.dnl_lsb", 0.0, {}),
    ("adc_errors.comparator_lsb", 0.0, {}),
    ("adc_errors.table", None, {}),
    ("measured.file", None, {}),
]
# These are on in the base "chip", and off in the others.
OFF_OUTSIDE_CHIP: list[tuple[str, object, dict]] = [
    ("v_ref", 0.9, {}), ("v_ref", 0.0, {}),
    ("cell.c_unit_fF", 2.0, {}), ("cell.c_unit_fF", 0.0, {}),
    ("cell.mismatch_pct_sqrt_fF", 0.0, {"cell.c_unit_fF": 2.0}),
    ("cell.c_par_ratio", 0.0, {"cell.calibrated": False}),
    ("adc_errors.offset_lsb", 0.0, {}),
    ("array.columns", 16, {}), ("array.row_groups", 2, {}), ("array.count", 1, {}),
    ("array.columns_per_adc", 4, {}),
]


def with_keys(base: dict, keys: dict) -> dict:
    """A deep copy of base with these dotted keys."""
    out = {name: dict(value) if isinstance(value, dict) else value for name, value in base.items()}
    for key, value in keys.items():
        *groups, last = key.split(".")
        place = out
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return out


def output(folder: Path, macro: dict, path: str = "auto") -> dict[str, np.ndarray]:
    return mac(folder, DATA, {"weight_bits": 4, "activation_bits": 4, "seed": 12, "chips": 2,
                              "repeats": 2, "path": path, "macro": macro})


@cache
def base_output(name: str, path: str = "auto") -> dict[str, np.ndarray]:
    with TemporaryDirectory() as folder:
        return output(Path(folder), BASES[name], path)


def assert_same(folder: Path, name: str, keys: dict, path: str = "auto") -> None:
    one, two = base_output(name, path), output(folder, with_keys(BASES[name], keys), path)
    assert one["@path"] == two["@path"]
    for part in ("y", "A", "D"):
        assert np.array_equal(one[part], two[part]), part


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("entry", OFF, ids=lambda entry: entry[0])
def test_one_key(entry: tuple[str, object, dict], name: str, tmp_path: Path) -> None:
    key, value, more = entry
    assert_same(tmp_path, name, more | {key: value})


@pytest.mark.parametrize("name", ["plain", "noisy"])
@pytest.mark.parametrize("entry", OFF_OUTSIDE_CHIP, ids=lambda entry: f"{entry[0]}={entry[1]}")
def test_one_key_that_a_chip_uses(entry: tuple[str, object, dict], name: str,
                                  tmp_path: Path) -> None:
    key, value, more = entry
    assert_same(tmp_path, name, more | {key: value})


@pytest.mark.parametrize("path", ["auto", "fixed"])
@pytest.mark.parametrize("name", BASES)
def test_all_together(name: str, path: str, tmp_path: Path) -> None:
    keys: dict[str, object] = {}
    for key, value, _ in OFF:
        keys[key] = value
    assert_same(tmp_path, name, keys, path)


@pytest.mark.parametrize(("keys", "base"), [
    ({"weight_encoding": "differential"}, "plain"), ({"weight_parallel": True}, "plain"),
    ({"hybrid.levels": 1}, "plain"), ({"voting.levels": 2, "voting.samples": 3}, "noisy"),
    ({"current_domain.alpha": 0.01}, "plain"), ({"current_domain.variation_pct": 5.0}, "plain"),
    ({"array.row_groups": 2}, "chip"), ({"array.columns_per_adc": 4}, "chip"),
    ({"array.count": 1}, "chip"), ({"array.columns": 12}, "chip"), ({"v_ref": 0.1,
      "switch.injection_offset_mV": 30.0}, "chip"), ({"cell.c_par_fF": 20.0}, "chip"),
    ({"cell.c_par_variation_pct": 10.0}, "chip"), ({"cell.calibrated": False}, "chip"),
    ({"cell.leakage_pA": 1e4, "cell.hold_ns": 10}, "chip"), ({"cell.temperature_K": 300,
      "v_ref": 0.01}, "chip"), ({"switch.injection_offset_mV": 50.0}, "chip"),
    ({"switch.injection_offset_variation_mV": 50.0}, "chip"),
    ({"switch.injection_gain": 0.1}, "plain"),
    ({"switch.injection_curvature": 0.2}, "plain"), ({"switch.settling_error": 0.1}, "plain"),
    ({"switch.settling_error": 0.1, "switch.reset": False}, "plain"),
    ({"input_dac.inl_lsb": 1.0}, "plain"), ({"adc_errors.offset_lsb": 1.0}, "plain"),
    ({"adc_errors.gain_pct": 5.0}, "plain"), ({"adc_errors.dnl_lsb": 0.5}, "plain"),
    ({"adc_errors.comparator_lsb": 0.5}, "plain"),
], ids=lambda value: "+".join(value) if isinstance(value, dict) else value)
def test_a_key_that_is_on_does_something(keys: dict, base: str, tmp_path: Path) -> None:
    changed = with_keys(BASES[base], keys)
    if "current_domain.variation_pct" in keys or "weight_encoding" in keys:
        changed["adc"] = {"bits": 12}
        assert not np.array_equal(output(tmp_path, changed)["y"],
                                  output(tmp_path, PLAIN | {"adc": {"bits": 12}})["y"])
        return
    assert not np.array_equal(output(tmp_path, changed)["y"], base_output(base)["y"])
