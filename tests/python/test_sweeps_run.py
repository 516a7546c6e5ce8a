# SPDX-License-Identifier: Apache-2.0
"""Every ready sweep validates, plans, and runs when it is cut to two points of eight images."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from mac_cases import ROOT, run
from sweep_cases import finished, needs_data, set_options

pytestmark = needs_data

SWEEPS = ROOT / "sweeps"
CUT = {"workload.images": 8, "quantisation.images": 8, "trials.chips": 1, "trials.repeats": 1}

# Points of the whole sweep, and its axes cut to two points, one of them with most of its terms on.
POINTS = {
    "aidac_budget": 13, "cr_cim": 6, "encodings": 96, "gpt": 8, "mismatch": 12, "noise_adc": 44,
    "noise_aware": 6, "quickstart": 30, "rescue": 48, "resnet20": 15, "rows": 50, "vit": 10,
}
NOISE = "macro.noise.random.sigma"
AXES: dict[str, dict[str, object]] = {
    "aidac_budget": {"zip": {"macro.aidac.vtc_offset_mV": [0, 3], "macro.aidac.jitter_ps": [0, 1]}},
    "cr_cim": {"zip": {NOISE: [0.41, 0.82], "macro.voting.levels": [0, 3],
                       "macro.voting.samples": [1, 3]}},
    "encodings": {"grid": {"macro.weight_encoding": ["twos_complement", "xnor"],
                           "macro.bits_per_cycle": [2], NOISE: [0.05]}},
    "gpt": {"grid": {"macro.adc.bits": [8], NOISE: [0, 0.35]}},
    "mismatch": {"grid": {"macro.cell.c_unit_fF": [0.1, 10]}},
    "noise_adc": {"grid": {"macro.adc.bits": [8]},
                  "zip": {NOISE: [0.1, 0], "macro.noise.nonlinear.sigma": [0, 0.1]}},
    "noise_aware": {"grid": {NOISE: [0, 0.5]}},
    "quickstart": {"grid": {"macro.adc.bits": [7], NOISE: [0, 0.12]}},
    "rescue": {"grid": {NOISE: [0.8]}, "zip": {"macro.hybrid.levels": [0, 2],
                                               "macro.voting.levels": [3, 4],
                                               "macro.voting.samples": [3, 3],
                                               "macro.voting.combine": ["mean", "mode"]}},
    "resnet20": {"grid": {"macro.adc.bits": [8], NOISE: [0, 0.35]}},
    "vit": {"grid": {"macro.adc.bits": [8], NOISE: [0, 0.25]}},
    "rows": {"grid": {"macro.rows": [63, 1023], "macro.adc.bits": [8], NOISE: [0.3]}},
}


def test_every_sweep_is_tested() -> None:
    names = {path.stem for path in SWEEPS.glob("*.yaml")}
    assert names == set(POINTS) == set(AXES)
    readme = (SWEEPS / "README.md").read_text(encoding="utf-8")
    for name in names:
        row = next(line for line in readme.splitlines() if f"| `{name}.yaml`" in line)
        assert int(row.split("|")[3]) == POINTS[name], row


@pytest.mark.parametrize("name", sorted(POINTS))
def test_validates(name: str) -> None:
    result = run("validate", SWEEPS / f"{name}.yaml")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(rf"\b{POINTS[name]} points\b", result.stdout), result.stdout


@pytest.mark.parametrize("name", sorted(POINTS))
def test_two_points_run(tmp_path: Path, name: str) -> None:
    file, settings = SWEEPS / f"{name}.yaml", CUT | AXES[name]
    plan = run("plan", file, "-o", tmp_path / "run", *set_options(settings))
    assert (plan.returncode, plan.stderr) == (0, "")
    assert "2 points x 1 chip" in plan.stdout and "8 images" in plan.stdout, plan.stdout
    with h5py.File(finished(tmp_path / "run", settings, file=file)) as results:
        assert results.attrs["sweep_complete"] == 1
        assert np.array_equal(results["trials/point"][()], [0, 1])
        correct, agree = results["trials/correct"][()], results["trials/agree"][()]
        items = 8 * results.attrs.get("positions", 1)
        assert np.all((0 <= correct) & (correct <= items))
        assert np.all((0 <= agree) & (agree <= items))
        assert np.all(results["conversions"][()] > 0)
        ids = results["point_id"].asstr()[()]
        assert ids[0] != ids[1]
