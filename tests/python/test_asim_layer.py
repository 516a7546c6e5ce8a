# SPDX-License-Identifier: Apache-2.0
"""bench/asim_layer.py, with a stand-in for ASiM's convolution: that it runs, and counts the same layer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mac_cases import ROOT, binary

STAND_IN = """
from torch import nn


class ASiMConv2d(nn.Conv2d):
    def __init__(self, *sizes, padding, bias, wbit, xbit, adc_prec, nrow, rand_noise_sigma, non_linear_sigma, mode):
        assert (wbit, xbit, adc_prec, nrow, mode) == (8, 8, 8, 255, "Simulation")
        assert abs(rand_noise_sigma - 0.19608) < 1e-5 and non_linear_sigma == 0.05
        super().__init__(*sizes, padding=padding, bias=bias)
"""


def measure(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/usr/bin/python3", str(ROOT / "bench/asim_layer.py"), "--asim", str(checkout), "--program",
                           binary(), "--threads", "1", "--rounds", "2", "--seconds", "0.05", "--batch", "1,2"],
                          capture_output=True, text=True, timeout=120)


def test_both_are_timed_in_turns(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "module").mkdir()
    (tmp_path / "module/asim_conv.py").write_text(STAND_IN)
    done = measure(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "per second of clock" in done.stdout and "per second of processor" in done.stdout


def test_a_folder_without_asim_is_named(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    done = measure(tmp_path)
    assert done.returncode == 2 and str(tmp_path) in done.stderr
