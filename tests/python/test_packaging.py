# SPDX-License-Identifier: Apache-2.0
"""What is installed works by itself: `cmake --install`, the Debian package, the wheel of analysis/.

The programs that are tried here know no source tree: they run elsewhere, with an environment of their
own, and say by which path Python got the package.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mac_cases import ROOT, binary

PYTHON = "/usr/bin/python3"
SWEEP = """
acimsweep: 1
name: packaged
seed: 1
workload:
  network: net/lenet.onnx
  data: {format: npz, images: images.npz, layout: NCHW}
quantisation: {images: 0}
macro: {preset: cr_cim}
grid: {macro.adc.bits: [8, 10]}
trials: {chips: 2}
"""


def needs(*tools: str) -> pytest.MarkDecorator:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"missing here: {', '.join(missing)}")


def call(command: list[object], folder: Path, **environment: str) -> str:
    """What a command prints that runs in this folder and knows nothing of ours; it must succeed."""
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", **environment}
    done = subprocess.run([str(word) for word in command], cwd=folder, env=clean, text=True,
                          capture_output=True, timeout=300)
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def build() -> Path:
    """The build folder, where the program that is to be installed was built."""
    folder = Path(binary()).parents[2]
    if not (folder / "host/cli/installed/acimsweep").exists():
        pytest.skip(f"{folder}: the target acimsweep_installed was not built")
    return folder


@pytest.fixture()
def work(tmp_path: Path) -> Path:
    """A folder with a small sweep whose paths are relative."""
    folder = tmp_path / "work"
    (folder / "net").mkdir(parents=True)
    shutil.copy(ROOT / "data/lenet_fmnist.onnx", folder / "net/lenet.onnx")
    values = np.random.default_rng(1).random((6, 1, 28, 28)).astype(np.float32)
    np.savez(folder / "images.npz", images=values, labels=np.arange(6, dtype=np.uint8))
    (folder / "sweep.yaml").write_text(SWEEP)
    return folder


def python_that_tells(folder: Path) -> Path:
    """An interpreter that writes its PYTHONPATH into a file first."""
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nprintf %s "$PYTHONPATH" >"{folder}/path"\nexec {PYTHON} "$@"\n')
    script.chmod(0o755)
    return script


def check_program(program: Path, files: Path, work: Path) -> None:
    """The program finds its presets, runs a sweep and draws its plot with the package in `files`."""
    assert "cr_cim" in call([program, "info"], work)
    call([program, "run", "sweep.yaml", "-o", "out", "-q"], work)
    call([program, "pareto", "out/results.h5", "--svg", "front.svg"], work,
         ACIM_PYTHON=str(python_that_tells(work)))
    assert (work / "front.svg").read_text().startswith("<?xml")
    path = (work / "path").read_text()
    assert Path(path).resolve() == (files / "analysis").resolve()
    if Path("/usr/share/datasets/fashion-mnist").exists():
        call([program, "validate", files / "sweeps/quickstart.yaml"], work)


def test_installed_program(build: Path, work: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "a prefix"
    call(["cmake", "--install", build, "--prefix", prefix], tmp_path)
    check_program(prefix / "bin/acimsweep", prefix / "share/acimsweep", work)
    call([prefix / "bin/acimsweep", "report", "out/results.h5", "-o", "report.html"], work)
    assert "</html>" in (work / "report.html").read_text()
    assert "Apache License" in (prefix / "share/doc/acimsweep/LICENSE").read_text()
    # It may be moved as a whole.
    moved = prefix.rename(tmp_path / "moved")
    assert "cr_cim" in call([moved / "bin/acimsweep", "info"], work)


def test_a_program_alone_says_where_presets_may_be(build: Path, work: Path) -> None:
    shutil.copy(build / "host/cli/installed/acimsweep", work / "acimsweep")
    done = subprocess.run([work / "acimsweep", "validate", "sweep.yaml"], cwd=work, text=True,
                          capture_output=True)
    assert done.returncode == 2
    assert "ACIMSWEEP_DATA" in done.stderr
    call([work / "acimsweep", "validate", "sweep.yaml"], work, ACIMSWEEP_DATA=str(ROOT / "data"))


def data_paths(content: bytes) -> list[str]:
    """Texts of a program that name the source tree, but for sources that messages name."""
    texts = [text.decode() for text in re.findall(rb"[\x20-\x7e]{6,}", content)]
    sources = (".cpp", ".hpp", ".cu", ".cuh", ".cc", ".h")
    return [text for text in texts if str(ROOT) in text and not text.endswith(sources)]


def test_no_path_of_the_sources_is_used(build: Path) -> None:
    """Sources are named where a broken contract is reported (not in builds without tests), never as data."""
    # The check can fail. The program of the build folder is no example: a compiler may put so short a
    # text as the tree's name into instructions.
    assert data_paths(b"\0" + f"{ROOT}/data/macros".encode() + b"\0") == [f"{ROOT}/data/macros"]
    assert data_paths(b"\0" + f"{ROOT}/host/core/error.cpp".encode() + b"\0") == []
    assert data_paths((build / "host/cli/installed/acimsweep").read_bytes()) == []


@needs("cpack", "dpkg-deb", "dpkg-shlibdeps", "file")
def test_debian_package(build: Path, work: Path, tmp_path: Path) -> None:
    call(["cpack", "-G", "DEB", "--config", build / "CPackConfig.cmake", "-B", tmp_path / "made",
          "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip"], tmp_path)
    package, = (tmp_path / "made").glob("*.deb")
    control = call(["dpkg-deb", "-I", package], tmp_path)
    assert re.search(r"Depends: .*libhdf5", control)
    assert re.search(r"Recommends: .*python3-h5py", control)
    assert re.search(r"Maintainer: .*@example\.invalid", control)
    owners = {line.split()[1] for line in call(["dpkg-deb", "-c", package], tmp_path).splitlines()}
    assert owners == {"root/root"}
    call(["dpkg-deb", "-x", package, tmp_path / "root"], tmp_path)
    usr = tmp_path / "root/usr"
    assert {path.name for path in (tmp_path / "root").iterdir()} == {"usr"}
    check_program(usr / "bin/acimsweep", usr / "share/acimsweep", work)
    modules = usr / "lib/python3/dist-packages"
    said = call([PYTHON, "-c", "import acimsweep; print(acimsweep.__file__)"], work, PYTHONPATH=str(modules))
    assert said.startswith(str(modules))


@needs("pip3")
def test_wheel(tmp_path: Path) -> None:
    source = tmp_path / "analysis"
    shutil.copytree(ROOT / "analysis", source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    pip = [PYTHON, "-m", "pip", "-q", "--disable-pip-version-check", "--no-cache-dir"]
    call([*pip, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", "made", source], tmp_path)
    wheel, = (tmp_path / "made").glob("acimsweep-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {str(path.relative_to(source)) for path in (source / "acimsweep").rglob("*") if path.is_file()}
    assert inside == package, "pyproject.toml leaves something out, or takes too much"
    call([*pip, "install", "--no-deps", "--no-index", "--target", "site", wheel], tmp_path)
    # The program's name belongs to the program.
    assert not (tmp_path / "site/bin/acimsweep").exists()
    shutil.rmtree(source)
    said = call([PYTHON, "-c", "import acimsweep; acimsweep.open_results; print(acimsweep.__file__)"],
                tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert said.startswith(str(tmp_path / "site"))
