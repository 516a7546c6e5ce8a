# SPDX-License-Identifier: Apache-2.0
"""Costs of points: technologies, counted activity, `acimsweep cost`.

rtol=1e-12 where the same numbers are added or multiplied in another order: some units in the last
place of a double. Published figures have three to four digits, hence 1e-3.
"""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from mac_cases import ROOT, run
from sweep_cases import SWEEP, assert_fails, finished, needs_data, segments, set_options, sweep

pytestmark = needs_data

BLOCKS = ("cells", "drivers", "adc", "digital", "memory", "control")

# One point whose scales are calibrated on the 16 evaluated images, which activity is counted on too.
ONE = {"workload.images": 16, "quantisation.images": 0, "grid.macro.adc.bits": [8],
       "grid.macro.noise.random.sigma": [0.2], "trials.chips": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run. Tests read it only."""
    folder = tmp_path_factory.mktemp("costs") / "run"
    finished(folder, ONE)
    return folder


def columns(results: Path, group: str = "/") -> dict[str, np.ndarray]:
    with h5py.File(results) as file:
        return {name: item[()] for name, item in file[group].items()
                if isinstance(item, h5py.Dataset)}


def test_blocks_and_layers_add_up(folder: Path) -> None:
    points, layers = columns(folder / "results.h5"), columns(folder / "results.h5", "layers")
    for prefix in ("energy", *(f"energy_{block}" for block in BLOCKS)):
        np.testing.assert_allclose(layers[prefix].sum(), points[prefix][0], rtol=1e-12)
    blocks = sum(points[f"energy_{block}"][0] for block in BLOCKS)
    np.testing.assert_allclose(blocks, points["energy"][0], rtol=1e-12)
    np.testing.assert_allclose(layers["latency"].sum(), points["latency"][0], rtol=1e-12)
    operations = points["operations"][0]
    np.testing.assert_allclose(points["tops_per_watt"][0], operations / points["energy"][0] * 1e-12,
                               rtol=1e-12)
    np.testing.assert_allclose(points["tops"][0], operations / points["latency"][0] * 1e-12,
                               rtol=1e-12)
    np.testing.assert_allclose(points["tops_per_mm2"][0], points["tops"][0] / points["area"][0],
                               rtol=1e-12)
    assert points["technology"][0] == b"cmos_28nm" and points["area"][0] > 0


@pytest.mark.parametrize("layer", ["fc1", "fc2"])
def test_activity_is_that_of_the_operands(folder: Path, tmp_path: Path, layer: str) -> None:
    result = run("trace", SWEEP, "-o", tmp_path / "in.h5", *set_options(ONE), "--layer", layer,
                 "--images", "0-15")
    assert result.returncode == 0, result.stderr
    with h5py.File(tmp_path / "in.h5") as file:
        x, w = file["x"][()].astype(np.int64), file["w"][()].astype(np.int64)
    bits = np.arange(8)
    ones_x = (x[..., None] >> bits & 1).sum(axis=0)  # [row, bit], over images
    ones_w = (w[..., None] & 255).astype(np.int64) >> bits & 1  # two's complement
    both = np.einsum("rb,rc->", ones_x, ones_w.sum(axis=0))
    counted = columns(folder / "results.h5", "layers")
    row = list(counted["layer"]).index(layer.encode())
    mean = both / (x.shape[0] * w.size * 64)
    assert 0 < mean < 0.25
    np.testing.assert_allclose(counted["activity"][row], mean, rtol=1e-12)


def test_another_technology_repeats_no_trial(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = columns(finished(folder, ONE))
    before = [(path, path.stat().st_mtime_ns) for path in segments(folder)]
    other = ONE | {"technology.preset": "cmos_65nm"}
    refused = sweep(folder, other)
    assert refused.returncode == 2 and "--extend" in refused.stderr, refused.stderr
    assert "technology changed" in refused.stderr, refused.stderr
    second = columns(finished(folder, other, "--extend"))
    assert [(path, path.stat().st_mtime_ns) for path in segments(folder)] == before
    assert second["point_id"][0] == first["point_id"][0]
    assert second["accuracy"][0] == first["accuracy"][0]
    assert second["energy"][0] > first["energy"][0]
    assert second["technology"][0] == b"cmos_65nm"
    with h5py.File(folder / "results.h5") as file:
        plan = json.loads(file["provenance/plan_json"].asstr()[()])
    (constants,) = plan["technologies"].values()
    assert constants["preset"] == "cmos_65nm" and constants["cell"]["area_um2"] == 0.945


def test_supply_scales_energy(tmp_path: Path) -> None:
    halved = ONE | {"technology.supply_V": 0.45, "technology.memory.read_fJ_per_bit": 0,
                    "technology.memory.write_fJ_per_bit": 0}
    full = halved | {"technology.supply_V": 0.9}
    low, high = (columns(finished(tmp_path / name, settings))["energy"][0]
                 for name, settings in (("low", halved), ("high", full)))
    np.testing.assert_allclose(high / low, 4.0, rtol=1e-12)


def test_a_damaged_count_is_counted_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    results = finished(folder, ONE)
    wanted = results.read_bytes()
    (counts,) = (folder / "networks").glob("activity-*.json")
    text = counts.read_text()
    counts.write_text(text.replace('"images":16', '"images":17', 1))
    results.unlink()
    assert finished(folder, ONE).read_bytes() == wanted
    assert counts.read_text() == text


def test_bad_technologies_are_named(tmp_path: Path) -> None:
    assert_fails(run("validate", SWEEP, "--set", "technology.preset=cmos_9nm"), 2,
                 "--set technology.preset=cmos_9nm", "cmos_28nm", "wang_22nm")
    assert_fails(run("validate", SWEEP, "--set", "technology.adc.model=ramp"), 2, "survey")
    assert_fails(run("validate", SWEEP, "--set", "technology.supply=1"), 2, "technology.supply_V")
    assert_fails(run("validate", SWEEP, "--set", "grid.technology.supply_V=[0.7, 0.9]"), 2,
                 "differ in their technology only", "zip")
    assert_fails(run("validate", SWEEP, "--set", "technology.adc.model=sar"), 2,
                 "--set technology.adc.model=sar", "comparator_fJ")
    assert_fails(run("cost", "cr_cim", "--set", "technology.supply_V=0"), 2, "supply_V", "0.05 V")
    assert_fails(run("cost", "cr_cim", "--set", "technology.digital.bit_mac_fJ=0"), 2, "free of charge")
    assert_fails(run("cost", "cr_cim", "--input-ones", "nan"), 2, "share of ones is nan")
    file = tmp_path / "mine.yaml"
    file.write_text("technology: {supply_V: 1}\npreset: {title: mine, sources: {}}\n")
    assert_fails(run("validate", SWEEP, "--set", f"technology.preset={file}"), 2,
                 "mine.yaml:1", "technology.supply_V", "source")


def test_technology_steps_with_the_macro(tmp_path: Path) -> None:
    axes = {"zip.macro.rows": [128, 255], "zip.technology.supply_V": [0.8, 0.9]}
    points = columns(finished(tmp_path / "run", ONE | axes))
    assert list(points["technology.supply_V"]) == [0.8, 0.9]
    assert points["energy"][0] != points["energy"][1]


def test_kinds_of_macros_keep_their_counts_apart(tmp_path: Path) -> None:
    """AiDAC joins the columns that a bit-sliced macro converts one by one."""
    both = ONE | {"grid": {"macro.preset": ["aidac_28nm", "asim_default"]}, "macro": {}}
    together = columns(finished(tmp_path / "both", both))
    for point, name in enumerate(both["grid"]["macro.preset"]):
        alone = columns(finished(tmp_path / name, both | {"grid": {"macro.preset": [name]}}))
        assert alone["energy"][0] == together["energy"][point]
    # 92 and 397 nJ; counts of the other macro gave thousands of joules.
    assert 0 < together["energy"][0] < together["energy"][1] < 1e-6


def cost(*arguments: object) -> dict[str, object]:
    result = run("cost", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_data_sheet_of_a_preset() -> None:
    sheet = cost("aidac_28nm", "--outputs", 256)
    assert sheet["tops_per_watt"] == pytest.approx(123.8, rel=1e-3)
    assert sheet["latency"] == pytest.approx(20e-9, rel=1e-3)
    assert sheet["area"] is None and sheet["technology"] == "aidac_28nm"
    assert sum(sheet["energy_blocks"].values()) == pytest.approx(sheet["energy"], rel=1e-12)
    text = run("cost", "aidac_28nm", "--outputs", 256).stdout
    for part in ("256 outputs", "4.235 nJ", "control", "123.8 TOPS/W", "20 ns", "26.21 TOPS",
                 "unknown: the technology has no area of a cell"):
        assert part in text, text


def test_data_sheet_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("weight_bits: 4\nactivation_bits: 4\nmacro: {rows: 64, adc: {bits: 6}}\n")
    whole, idle = cost(file), cost(file, "--input-ones", 0)
    assert whole["inputs"] == 64 and whole["outputs"] == 64 and whole["conversions"] == 1024
    assert idle["energy_blocks"]["drivers"] == 0
    assert idle["energy_blocks"]["cells"] < whole["energy_blocks"]["cells"]
    assert cost(file, "--inputs", 65)["conversions"] == 2048
    assert_fails(run("cost", tmp_path / "none.yaml"), 2, "none.yaml", "no such file")
    assert_fails(run("cost", "nonsense"), 2, "'nonsense'", "aidac_28nm")


def test_every_technology_and_macro_has_a_sheet() -> None:
    technologies = sorted(p.stem for p in (ROOT / "data" / "technology").glob("*.yaml"))
    assert len(technologies) >= 6
    info = run("info").stdout
    for name in technologies:
        assert name in info
        sheet = cost("asim_default", "--set", f"technology.preset={name}")
        assert sheet["energy"] > 0 and sheet["latency"] > 0
    for macro in (ROOT / "data" / "macros").glob("*.yaml"):
        assert cost(macro)["tops_per_watt"] > 0
