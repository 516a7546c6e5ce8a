# SPDX-License-Identifier: Apache-2.0
"""scripts/gpu-check where no device is, and the build that it makes: cuda/ alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts_as_modules import ROOT

CHECK = ROOT / "scripts/gpu-check"


def test_without_a_device_one_line_says_so(tmp_path: Path) -> None:
    """Nothing is built, nothing is written, and the status is that of a skipped test."""
    done = subprocess.run([CHECK, "--build", tmp_path / "build"], capture_output=True, text=True,
                          cwd=tmp_path, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 77, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert "no CUDA device" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_option_is_refused(tmp_path: Path) -> None:
    """Before anything else."""
    done = subprocess.run([CHECK, "--absent"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "--absent" in done.stderr


def configure(folder: Path, *options: str) -> subprocess.CompletedProcess:
    """Configure cuda/ alone, in a folder of its own."""
    return subprocess.run(["cmake", "-S", ROOT / "cuda", "-B", folder, *options],
                          capture_output=True, text=True)


def targets(folder: Path) -> str:
    """Return the names of the targets."""
    done = subprocess.run(["cmake", "--build", folder, "--target", "help"], capture_output=True,
                          text=True, check=True)
    return done.stdout


def test_the_device_tree_stands_alone(tmp_path: Path) -> None:
    """Only CMake and a compiler are looked for: no package of the host side is named."""
    done = configure(tmp_path, "-DACIM_CUDA=AUTO", "-DACIM_CUDA_ARCHITECTURES=90")
    assert done.returncode == 0, done.stderr
    cache = (tmp_path / "CMakeCache.txt").read_text()
    for package in ("HDF5", "yaml-cpp", "GTest", "Protobuf", "fmt_DIR"):
        assert package not in cache
    named = targets(tmp_path)
    for target in ("acim_trial", "acim_cuda_engine", "acim_check"):
        assert target in named
    if "No CUDA compiler" not in done.stdout:
        assert "gpu_check" in named


def test_without_nvcc_the_rest_still_builds(tmp_path: Path) -> None:
    """ACIM_CUDA=OFF leaves gpu_check out and says why."""
    done = configure(tmp_path, "-DACIM_CUDA=OFF")
    assert done.returncode == 0, done.stderr
    assert "No CUDA compiler (ACIM_CUDA is OFF)" in done.stdout
    assert "gpu_check" not in targets(tmp_path)


def test_nvcc_that_is_demanded_and_missing_is_an_error(tmp_path: Path) -> None:
    """What scripts/gpu-check asks for: with advice."""
    if shutil.which("nvcc") or Path("/usr/local/cuda/bin/nvcc").exists():
        pytest.skip("nvcc is here")
    done = configure(tmp_path, "-DACIM_CUDA=ON")
    assert done.returncode != 0
    assert "nvcc was not found" in done.stderr
