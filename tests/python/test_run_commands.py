# SPDX-License-Identifier: Apache-2.0
"""The commands around a run: validate, plan, status, merge, check, export, pareto, info."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import h5py
import numpy as np
import pytest

from mac_cases import ROOT, binary, run
from sweep_cases import (MANY, SMALL, SMALL_UNITS, SWEEP, assert_fails, environment, finished,
                         needs_data, segments, set_options, start, wait_until)

pytestmark = needs_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with a knee. Tests read it only."""
    folder = tmp_path_factory.mktemp("small") / "run"
    finished(folder, SMALL | {"grid.macro.noise.random.sigma": [0, 0.2]})
    return folder


def output(*arguments: object) -> str:
    result = run(*arguments)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def test_plan_writes_nothing(tmp_path: Path) -> None:
    text = output("plan", SWEEP, "-o", tmp_path / "run", *set_options(SMALL))
    assert "4 points x 2 chips x 2 repeats = 16 trials of 40 images" in text
    assert "quantised network" in text and "conversions" in text
    for word in ("memory", "disk", "product", "lut", "table"):
        assert word in text, text
    assert not (tmp_path / "run").exists()


def test_plan_counts_what_run_converts(tmp_path: Path, folder: Path) -> None:
    text = output("plan", SWEEP, "-o", tmp_path / "run", *set_options(SMALL))
    value, prefix = re.search(r"([\d.]+) ([kMG]?)\s*conversions;", text).groups()
    with h5py.File(folder / "results.h5") as file:
        exact = file["conversions"][()].sum() * 2 * 2 * 40
    scale = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[prefix]
    assert float(value) * scale == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize("name", ["quickstart.yaml", "resnet20.yaml"])
def test_validate_ready_sweeps(name: str) -> None:
    assert "valid" in output("validate", ROOT / "sweeps" / name)


def test_status(folder: Path) -> None:
    text = output("status", folder)
    assert f"{SMALL_UNITS} of {SMALL_UNITS} units done (100.0 %), 0 left" in text
    assert f"after {SMALL_UNITS} units" in text


def test_status_while_a_run_goes_on(tmp_path: Path) -> None:
    run_folder = tmp_path / "run"
    process = start(run_folder, MANY | {"trials.chips": 500}, "--threads", 1)
    try:
        assert wait_until(lambda: len(segments(run_folder)) > 0)
        text = output("status", run_folder)
        done, planned, left = map(int, re.search(r"(\d+) of (\d+) units done \(.*\), (\d+) left",
                                                 text).groups())
        assert planned == 8000 and done + left == planned and done > 0
        assert "running" in text
        assert "missing" in output("merge", run_folder, "-o", tmp_path / "now.h5")
        with h5py.File(tmp_path / "now.h5") as file:
            assert file.attrs["sweep_complete"] == 0
            assert set(file["status"].asstr()[()]) <= {"done", "partial", "pending"}
        assert process.poll() is None
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 3


def test_merge_refuses_other_sweeps(tmp_path: Path, folder: Path) -> None:
    other = SMALL | {"grid.macro.noise.random.sigma": [0, 0.3]}
    finished(tmp_path / "other", other)
    for folders in ((folder, tmp_path / "other"), (tmp_path / "other", folder)):
        assert_fails(run("merge", *folders, "-o", tmp_path / "m.h5"), 2, str(folder),
                     str(tmp_path / "other"))
    assert not (tmp_path / "m.h5").exists()
    (tmp_path / "empty").mkdir()
    assert_fails(run("merge", tmp_path / "empty", "-o", tmp_path / "m.h5"), 2, "plan.json")
    assert_fails(run("merge", folder, "-o", tmp_path / "no" / "m.h5"), 4, "m.h5")


def test_merge_keeps_the_files_of_a_run(tmp_path: Path, folder: Path) -> None:
    """No output may replace what a run directory lives on; results.h5 is what merge is for."""
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    files = [copy / "plan.json", *copy.glob("segments/*.h5"), *copy.glob("networks/*.h5")]
    before = [file.read_bytes() for file in files]
    for file in (*files, copy / "segments" / "new.h5", copy / "new.h5"):
        assert_fails(run("merge", copy, "-o", file), 2, "lies in the run directory")
    assert [file.read_bytes() for file in files] == before
    output("merge", copy, "-o", copy / "results.h5")


def test_merge_twice(tmp_path: Path, folder: Path) -> None:
    for _ in range(2):
        output("merge", folder, folder, "-o", tmp_path / "m.h5")
        assert (tmp_path / "m.h5").read_bytes() == (folder / "results.h5").read_bytes()


def test_check(tmp_path: Path, folder: Path) -> None:
    assert "Nothing is damaged" in output("check", folder)
    assert "Nothing is damaged" in output("check", folder / "results.h5")
    content = bytearray((folder / "results.h5").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "r.h5").write_bytes(content)
    result = run("check", tmp_path / "r.h5")
    assert result.returncode == 4 and "r.h5" in result.stdout + result.stderr


def test_export_equals_the_table_of_points(tmp_path: Path, folder: Path) -> None:
    output("export", folder / "results.h5", "--csv", tmp_path / "p.csv")
    raw = (tmp_path / "p.csv").read_bytes()
    assert raw.count(b"\r\n") == 5
    # Captured as text, CRLF arrives as LF.
    assert output("export", folder / "results.h5", "--csv") == raw.decode().replace("\r\n", "\n")
    rows = list(csv.DictReader(io.StringIO(raw.decode(), newline="")))
    compared = 0
    with h5py.File(folder / "results.h5") as file:
        for name, column in file.items():
            if not isinstance(column, h5py.Dataset) or "role" not in column.attrs:
                continue
            if column.attrs["role"] not in ("parameter", "aggregate"):
                continue
            column_values = column.asstr()[()] if column.dtype == object else column[()]
            for row, value in zip(rows, column_values):
                text = row[column.attrs.get("spec_path", name)]
                if isinstance(value, str):
                    assert text == value
                else:
                    assert (text == "") == bool(np.isnan(value))
                    assert text == "" or float(text) == value
                compared += 1
    assert compared >= 4 * 20


def test_pareto_of_a_directory_is_that_of_its_file(tmp_path: Path, folder: Path) -> None:
    assert output("pareto", folder, "--no-plot") == output("pareto", folder / "results.h5", "--no-plot")
    live = tmp_path / "live"
    shutil.copytree(folder, live)
    (live / "results.h5").unlink()
    assert_fails(run("pareto", live, "--no-plot"), 2, "tops_per_watt", "acimsweep merge")
    # A finished run needs no merge, however an objective is spelt.
    wrong = run("pareto", folder, "--no-plot", "--objectives", "accuracy,tops_per_wat")
    assert_fails(wrong, 2, "no objective is called 'tops_per_wat'", "'tops_per_watt'")
    assert "merge" not in wrong.stderr


def test_export_of_a_directory_is_that_of_its_file(tmp_path: Path, folder: Path) -> None:
    table = output("export", folder, "--csv")
    assert table == output("export", folder / "results.h5", "--csv")
    output("export", folder, "--csv", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == table
    assert_fails(run("export", tmp_path, "--csv"), 2, "not a run directory")
    part = tmp_path / "part"
    finished(part, SMALL | {"trials.chips": 1, "trials.repeats": 1})
    before = (part / "results.h5").read_bytes()
    finished(part, SMALL, "--extend")
    (part / "results.h5").write_bytes(before)
    told = run("export", part, "--csv")
    assert told.returncode == 0 and "holds 4 of 16 finished units" in told.stderr
    assert told.stderr.count("\n") == 1 and f"acimsweep merge {part} -o" in told.stderr
    (part / "results.h5").unlink()
    assert_fails(run("export", part, "--csv"), 2, "no results.h5 yet", f"acimsweep merge {part} -o")


def test_pareto_table(folder: Path) -> None:
    text = output("pareto", folder / "results.h5", "--no-plot")
    lines = text.splitlines()
    assert "4 of 4 points" in lines[0]
    assert "macro.adc.bits" in lines[1] and "TOPS/W" in lines[1] and "front" in lines[1]
    marked = [line for line in lines[2:6] if " * " in line]
    with h5py.File(folder / "results.h5") as file:
        accuracy, tops = file["accuracy"][()], file["tops_per_watt"][()]
        front = file["pareto_tops_per_watt"][()].astype(bool)
    # By definition: nothing else is at least as good in both and better in one.
    for i in range(4):
        beaten = ((accuracy >= accuracy[i]) & (tops >= tops[i])
                  & ((accuracy > accuracy[i]) | (tops > tops[i]))).any()
        assert front[i] == (not beaten)
    assert len(lines) == 7 and len(marked) == front.sum() >= 1
    assert lines[1].endswith("P(front)") and lines[6].startswith("hypervolume: ")


def test_pareto_plot(tmp_path: Path, folder: Path) -> None:
    shutil.copy(folder / "results.h5", tmp_path / "results.h5")
    result = run("pareto", tmp_path / "results.h5")
    assert result.returncode == 0, result.stderr
    assert "*" in result.stdout
    assert (tmp_path / "pareto.png").read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(tmp_path / "pareto.svg").getroot().tag.endswith("svg")
    assert run("pareto", tmp_path / "results.h5", "--svg", tmp_path / "a.svg", "--png",
               tmp_path / "a.png").returncode == 0
    assert (tmp_path / "a.svg").stat().st_size > 1000
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_pareto_options(tmp_path: Path, folder: Path) -> None:
    done = run("pareto", folder / "results.h5", "--objectives", "yield,energy", "--spec", "0.5",
               "--where", "adc.bits == 8", "--group-by", "sigma", "--csv", tmp_path / "a.csv",
               "--no-plot")
    assert done.returncode == 0, done.stderr
    with h5py.File(folder / "results.h5") as file:
        chosen = np.flatnonzero(file["macro.adc.bits"][()] == 8)
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert sorted(int(row["point"]) for row in rows) == list(chosen) and len(chosen) > 0
    assert all(row["on_front"] == "True" for row in rows)  # each is alone with its sigma
    assert done.stdout.count("hypervolume where macro.noise.random.sigma") == len(chosen)
    for option, value, words in (("--where", "bits >", ["condition", "the end"]),
                                 ("--where", "adc.bit == 8", ["adc.bit", "macro.adc.bits"]),
                                 ("--objectives", "acuracy,energy", ["acuracy", "'accuracy'"]),
                                 ("--objectives", "yield,energy", ["--spec"]),
                                 ("--where", "adc.bits > 99", ["no point"])):
        assert_fails(run("pareto", folder / "results.h5", option, value), 2, *words)


def without_python(interpreter: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([binary(), "pareto", *map(str, words)], capture_output=True, text=True,
                          check=False, env=environment(ACIM_PYTHON=interpreter))


def test_pareto_without_python(tmp_path: Path, folder: Path) -> None:
    """The plain table comes all the same, and one line says what to install."""
    results = tmp_path / "results.h5"
    shutil.copy(folder / "results.h5", results)
    lacking = tmp_path / "python3"  # an interpreter that has no pandas
    lacking.write_text(f"#!/bin/sh\nexport PYTHONPATH={tmp_path}:$PYTHONPATH\n"
                       "exec /usr/bin/python3 -B \"$@\"\n")
    lacking.chmod(0o755)
    (tmp_path / "pandas.py").write_text("raise ImportError('no pandas here')\n")
    bare = tmp_path / "bare"  # one that does not find the package
    bare.write_text("#!/bin/sh\nunset PYTHONPATH\ncd /\nexec /usr/bin/python3 -I \"$@\"\n")
    bare.chmod(0o755)
    for interpreter in ("/nonexistent/python3", lacking, bare):
        done = without_python(str(interpreter), results)
        assert done.returncode == 0 and "TOPS/W" in done.stdout and "P(front)" not in done.stdout
        assert "python3-matplotlib" in done.stderr, interpreter
        if interpreter != bare:  # which Python itself has something to say about
            assert done.stderr.count("\n") == 1, done.stderr
        for words in (["--objectives", "accuracy,energy"], ["--svg", tmp_path / "a.svg"]):
            done = without_python(str(interpreter), results, *words)
            assert done.returncode == 2 and done.stdout == "" and "python3-pandas" in done.stderr
    assert not (tmp_path / "a.svg").exists()


def test_pareto_without_a_finished_point(tmp_path: Path) -> None:
    finished(tmp_path / "run", SMALL | {"trials.chips": 1, "trials.repeats": 1}, "--shard", "0/9")
    output("merge", tmp_path / "run", "-o", tmp_path / "m.h5")
    assert "1 of 4 points" in output("pareto", tmp_path / "m.h5", "--no-plot")
    finished(tmp_path / "none", SMALL, "--shard", "16/17")
    output("merge", tmp_path / "none", "-o", tmp_path / "n.h5")
    assert_fails(run("pareto", tmp_path / "n.h5", "--no-plot"), 2, "n.h5", "no finished point")


def test_default_directory(tmp_path: Path) -> None:
    result = subprocess.run(
        [binary(), "run", str(SWEEP), "-q",
         *set_options(SMALL | {"trials.chips": 1, "trials.repeats": 1})],
        capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "results" / "lenet_sweep" / "results.h5").exists()


def test_progress_is_on_standard_error(tmp_path: Path) -> None:
    result = run("run", SWEEP, "-o", tmp_path / "run", *set_options(SMALL))
    assert result.returncode == 0
    assert "conversions/s" in result.stderr
    assert "conversions/s" not in result.stdout
    assert "\r" not in result.stderr and "\x1b" not in result.stderr  # no terminal


def test_a_closed_pipe(folder: Path) -> None:
    """`acimsweep export ... | head -1` ends without a message from a crash."""
    command = f"'{binary()}' export '{folder / 'results.h5'}' --csv | head -1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.stdout.startswith("point")
    assert "terminate called" not in result.stderr


def test_info() -> None:
    text = output("info")
    assert "SIMD" in text and "CUDA" in text and "HDF5" in text
    assert str(os.cpu_count()) in text
