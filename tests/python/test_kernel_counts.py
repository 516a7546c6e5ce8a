# SPDX-License-Identifier: Apache-2.0
"""cuda/check/kernel_counts.hpp beside the machine code, and the bounds that are made of it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from scripts_as_modules import load

counts = load("kernel-counts")
check = load("gpu-check")
FAKE = os.environ.get("ACIM_FAKE_GPU_CHECK")
COMPILER, TABLE = counts.read_table(counts.TABLE.read_text())
RENEW = "run scripts/kernel-counts to renew cuda/check/kernel_counts.hpp"
OTHER_COMPILER = 0.1  # a fraction of every count that another nvcc may differ by


def test_the_table_is_what_the_machine_code_holds() -> None:
    """Exact for the compiler that the table names."""
    nvcc = counts.find_nvcc()
    if nvcc is None:
        pytest.skip("no nvcc")
    same = counts.compiler_version(nvcc) == COMPILER
    changed = counts.differences(TABLE, counts.count(nvcc), 0.0 if same else OTHER_COMPILER)
    assert not changed, f"{RENEW}:\n" + "\n".join(changed)


def test_the_file_is_what_the_script_writes() -> None:
    """Nobody has edited it, and reading gives back what was written."""
    assert counts.TABLE.read_text() == counts.table_text(COMPILER, TABLE)
    assert {(row["kernel"], row["capability"]) for row in TABLE} == {
        (kernel.name, kernel.capability) for kernel in counts.KERNELS}


def test_differences_are_named() -> None:
    """A count beyond the tolerance, a kernel too many and one that is missing."""
    row = {"kernel": "a"} | dict.fromkeys(counts.FIELDS, 100)
    assert counts.differences([row], [row]) == []
    assert counts.differences([row], [row | {"alu": 101}]) == ["a sm_100: alu 100 -> 101"]
    assert counts.differences([row], [row | {"alu": 110}], 0.1) == []
    assert counts.differences([row], [row | {"alu": 89}], 0.1) == ["a sm_100: alu 100 -> 89"]
    assert counts.differences([row], []) == ["a sm_100 is no kernel any more"]
    assert counts.differences([], [row]) == ["a sm_100 is not in the table"]


@pytest.mark.skipif(not FAKE, reason="ACIM_FAKE_GPU_CHECK names no program")
def test_gpu_check_computes_the_same_bounds_twice(tmp_path: Path) -> None:
    """In C++ from the table, in Python from the machine code, without measured rates."""
    done = subprocess.run([FAKE, "--quick", "--only", "speed", "--json", tmp_path / "out.json"],
                          capture_output=True, text=True, check=True)
    report = json.loads((tmp_path / "out.json").read_text())
    speed = {case["case"]: case for case in report["speed"]}
    rows = {row["kernel"]: row for row in TABLE if row["capability"] == 90}
    for case, kernel in (("conv256/lossless", "thresholds"), ("conv256/table", "bytes")):
        path = rows[kernel] | {"tensor": 8, "by_name": {}}
        loop = {"conversions": path["conversions"], "path": path}
        bounds = check.loop_bounds({"platform": report["platform"]}, loop)
        assert speed[case]["loop_bounds"] == {pipe: pytest.approx(rate)
                                              for pipe, rate in bounds.items()}
        assert f"% of the hot loop ({min(bounds, key=bounds.get)})" in done.stdout
    for case in ("conv256/product", "conv256/chip"):
        assert speed[case]["loop_bounds"] is None
    assert speed["conv256/product"]["device_bounds"]["tensor"] > 0
    assert speed["conv256/chip"]["device_bounds"] is None
