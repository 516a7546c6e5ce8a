# SPDX-License-Identifier: Apache-2.0
"""The report without a browser: what stands in the page, and what must not."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import h5py
import numpy as np
import pytest
from report_results import EVIL, EVIL_IMAGE, Sweep, write_sweep

pytest.importorskip("plotly", reason="needs python3-plotly (scripts/install-packages python)")

from acimsweep import find_front, open_results  # noqa: E402
from acimsweep.report import provenance, report_page, summary  # noqa: E402
from acimsweep.report.__main__ import main  # noqa: E402
from acimsweep.report.cliff import cliff_sentence  # noqa: E402
from acimsweep.report.source import open_source  # noqa: E402
from acimsweep.yields import yield_at  # noqa: E402

TEMPLATE = Path(provenance.__file__).parent / "template"


class Parts(HTMLParser):
    """Elements of a page with their text: (tag, attributes, text)."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.parts.append(("", {}, ""))  # what follows is not theirs

    def handle_data(self, data: str) -> None:
        if self.parts:
            tag, attributes, text = self.parts[-1]
            self.parts[-1] = (tag, attributes, text + data)


def page_text(path: Path) -> str:
    return report_page(open_results(path)).html.decode()


def unpack(page: str, name: str) -> str:
    packed = re.search(rf'id="{name}">([^<]*)<', page)
    assert packed
    return gzip.decompress(base64.b64decode(packed[1])).decode()


def page_data(path: Path) -> dict:
    return json.loads(unpack(page_text(path), "packed-data"))


def test_same_file_same_bytes(tmp_path: Path) -> None:
    first = write_sweep(tmp_path / "a.h5", Sweep())
    (tmp_path / "other").mkdir()
    second = tmp_path / "other" / "b.h5"
    second.write_bytes(first.read_bytes())
    for path in (first, second):
        assert main([str(path)]) == 0
    page = (tmp_path / "report.html").read_bytes()
    assert page == (tmp_path / "other" / "report.html").read_bytes()
    assert hashlib.sha256(first.read_bytes()).hexdigest().encode() in page


def test_policy_names_exactly_the_scripts_of_the_page(tmp_path: Path) -> None:
    page = page_text(write_sweep(tmp_path / "a.h5", Sweep()))
    parts = Parts(page).parts
    policy = next(a["content"] for t, a, _ in parts if t == "meta" and "http-equiv" in a)
    assert policy is not None and policy.startswith("default-src 'none'; ")
    scripts = [text for tag, a, text in parts if tag == "script" and a.get("type") != "text/plain"]
    texts = scripts + [unpack(page, "packed-library")]
    hashes = [base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in texts]
    assert re.findall(r"'sha256-([^']*)'", policy) == hashes and len(hashes) == 2
    assert not re.search(r"https?:|\*|unsafe-inline.*script-src|script-src[^;]*unsafe-inline", policy)
    assert not any(name.startswith("on") for _, a, _ in parts for name in a)


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    yaml = EVIL + EVIL_IMAGE + "\n{{script}} \u2028 </pre> \x01\n"
    sweep = Sweep(name=EVIL + EVIL_IMAGE, layers=[EVIL, EVIL_IMAGE], scheme=[EVIL, EVIL_IMAGE],
                  yaml=yaml)
    plain = Parts(page_text(write_sweep(tmp_path / "plain.h5", Sweep(layers=["a", "b"])))).parts
    page = page_text(write_sweep(tmp_path / "evil.h5", sweep))
    parts = Parts(page).parts
    assert [tag for tag, _, _ in parts] == [tag for tag, _, _ in plain]
    source = next(text for tag, a, text in parts if a.get("class") == "source")
    assert source.strip() == yaml.replace("\x01", "\ufffd").strip()
    assert next(text for tag, _, text in parts if tag == "h1").strip() == EVIL + EVIL_IMAGE
    raw = unpack(page, "packed-data")
    assert not re.search("[<>&\u2028]", raw)
    data = json.loads(raw)
    assert data["layers"]["names"] == [EVIL, EVIL_IMAGE]
    assert data["values"]["macro.adc.type"][:2] == [EVIL, EVIL_IMAGE]


def test_scripts_never_read_text_as_markup_or_program() -> None:
    for script in TEMPLATE.glob("*.js"):
        text = script.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|"
                             r"\bFunction\(|fetch\(|XMLHttpRequest|hovertemplate", text), script


def test_numbers_arrive_as_they_are(tmp_path: Path) -> None:
    path = write_sweep(tmp_path / "a.h5", Sweep())
    data, results = page_data(path), open_results(path)
    for key in ("accuracy", "energy", "macro.noise.random.sigma"):
        assert data["values"][key] == results.points[key].tolist()
    assert data["values"]["area"] == [None] * 30
    assert [o["key"] for o in data["objectives"]] == [
        "accuracy", "loss", "tops_per_watt", "energy", "latency"]
    assert data["objectives"][0]["low"] == "accuracy_ci_low"
    units = {c["key"]: (c["unit"], c["factor"]) for c in data["columns"]}
    assert units["accuracy"] == ("%", 100.0) and units["latency"] == ("µs", 1e6)
    assert units["macro.noise.random.sigma"] == ("LSB", 1.0)


def test_numbers_that_json_does_not_know(tmp_path: Path) -> None:
    path = write_sweep(tmp_path / "a.h5", Sweep(points=4))
    with h5py.File(path, "r+") as file:
        file["accuracy"][...] = [np.nan, 0.5, 0.25, np.inf]
        file["macro.rows"][...] = [2**53 + 1, -(2**63), 0, 1]
    data = page_data(path)
    assert data["values"]["accuracy"] == [None, 0.5, 0.25, None]
    assert data["values"]["macro.rows"] == [str(2**53 + 1), str(-(2**63)), 0, 1]


@pytest.mark.parametrize("sweep", [
    Sweep(without=("energy", "energy_adc", "energy_cells", "energy_digital", "tops_per_watt")),
    Sweep(without=("accuracy_ci_low", "accuracy_ci_high", "baseline_accuracy")),
    Sweep(without=("accuracy", "accuracy_ci_low", "accuracy_ci_high"), positions=16),
    Sweep(without=("accuracy", "loss", "energy", "tops_per_watt", "latency")),
    Sweep(points=1), Sweep(positions=16), Sweep(chips=1, complete=False), Sweep(blocks=[]),
], ids=["no-energy", "no-interval", "perplexity-only", "nothing", "one-point", "positions",
        "partial", "no-blocks"])
def test_files_that_lack_something(tmp_path: Path, sweep: Sweep) -> None:
    page = page_text(write_sweep(tmp_path / "a.h5", sweep))
    data = json.loads(unpack(page, "packed-data"))
    assert data["count"] == sweep.points
    expected = "accuracy" if "accuracy" not in sweep.without else None
    assert data["metric"] == ("perplexity" if sweep.positions > 1 else expected)
    words = "".join(text for tag, _, text in Parts(page).parts if tag not in ("script", "style"))
    assert not re.search(r"\bnan\b", words, re.IGNORECASE)


def test_the_file_of_the_other_tests(results_path: Path) -> None:
    text = " ".join(summary.sentences(open_results(results_path)))
    assert text.startswith("9 design points")
    assert "best accuracy is 90.00" in text.replace("\u00a0", " ")


def test_summary_says_what_the_points_say(tmp_path: Path) -> None:
    results = open_results(write_sweep(tmp_path / "a.h5", Sweep(points=252)))
    points = results.points
    text = " ".join(summary.sentences(results)).replace("\u00a0", " ")
    best = points["accuracy"].idxmax()
    assert f"best accuracy is {100 * points['accuracy'][best]:.2f} %" in text
    near = points[points["accuracy"] >= points["baseline_accuracy"] - 0.01]
    assert f"Of the {len(near)} points within 1 point of the baseline" in text
    chosen = near["tops_per_watt"].idxmax()
    assert f"{points['tops_per_watt'][chosen]:.4g} TOPS/W" in text
    assert summary.recommended_point(results, summary.ACCURACY) == chosen
    low = points["accuracy_ci_low"][chosen]
    assert ("reaches beyond that margin" in text) == bool(low < points["baseline_accuracy"][chosen] - 0.01)


def test_no_point_near_the_baseline_is_said(tmp_path: Path) -> None:
    path = write_sweep(tmp_path / "a.h5", Sweep())
    with h5py.File(path, "r+") as file:
        file["baseline_accuracy"][...] = 0.999
    results = open_results(path)
    text = " ".join(summary.sentences(results)).replace("\u00a0", " ")
    assert "No point is within 1 point of the baseline." in text
    assert not any("within" in what for what, _, _ in summary.facts(results))


def cliff_of(tmp_path: Path, accuracy: list[float], half: float) -> str:
    bits = np.arange(4, 4 + len(accuracy))
    path = tmp_path / "cliff.h5"
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs["schema_name"], file.attrs["schema_version"] = "acimsweep", 1
        file["point"] = np.arange(len(bits))
        file["macro.adc.bits"] = bits
        file["macro.adc.bits"].attrs["role"] = "parameter"
        file["accuracy"] = np.array(accuracy)
        file["accuracy_ci_low"] = np.array(accuracy) - half
        file["accuracy_ci_high"] = np.array(accuracy) + half
    return cliff_sentence(open_results(path), "accuracy")


def test_cliff_needs_intervals_apart_and_most_of_the_loss(tmp_path: Path) -> None:
    found = cliff_of(tmp_path, [0.30, 0.85, 0.90, 0.91], 0.01)
    assert "macro.adc.bits from 5 to 4 costs up to 55.0 points" in found and "53.0 points" in found
    assert "no cliff" in cliff_of(tmp_path, [0.6, 0.7, 0.8, 0.9], 0.01)      # a slope
    assert "no cliff" in cliff_of(tmp_path, [0.30, 0.85, 0.90, 0.91], 0.3)   # intervals overlap
    assert "not said" in cliff_of(tmp_path, [0.30, 0.85, 0.90, 0.91], np.nan)


def test_command_to_run_again_is_safe_to_paste(tmp_path: Path) -> None:
    sweep = Sweep(name="$(touch x)", yaml="name: x\n# --set a=1\n# --set b=$(touch x);'y'\n")
    results = open_results(write_sweep(tmp_path / "a.h5", sweep))
    command = provenance.reproduce_command(results)
    words = subprocess.run(["bash", "-c", f"printf '%s\\n' {command}"], cwd=tmp_path, text=True,
                           capture_output=True, check=True).stdout.splitlines()
    assert words == ["acimsweep", "run", "sweep.yaml", "-o", "results/sweep", "--set", "a=1",
                     "--set", "b=$(touch x);'y'"]
    assert not (tmp_path / "x").exists()


def test_bad_input_and_bad_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_sweep(tmp_path / "a.h5", Sweep(points=2))
    before = path.read_bytes()
    (tmp_path / "text.h5").write_text("no HDF5")
    (tmp_path / "link.html").symlink_to(path)
    cases = [(["missing.h5"], 2, "no such file"), (["text.h5"], 2, "not an HDF5 file"),
             (["a.h5", "-o", "a.h5"], 2, "one of the inputs"),
             (["a.h5", "-o", "link.html"], 2, "one of the inputs"),
             ([".", "-o", "r.html"], 2, "no run directory"),
             (["a.h5", "-o", "none/r.html"], 4, "cannot write")]
    for arguments, code, words in cases:
        absolute = [a if a == "-o" else str(tmp_path / a) for a in arguments]
        assert main(absolute) == code, arguments
        error = capsys.readouterr().err
        assert words in error and error.startswith("acimsweep: ") and error.count("\n") == 1
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.h5", "link.html", "text.h5"]


def test_missing_package_is_named(tmp_path: Path) -> None:
    path = write_sweep(tmp_path / "a.h5", Sweep(points=2))
    for name in ("plotly", "h5py"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "__init__.py").write_text("raise ImportError('none here')\n")
        done = subprocess.run(
            [sys.executable, "-m", "acimsweep.report", str(path)], text=True, capture_output=True,
            env=os.environ | {"PYTHONPATH": f"{tmp_path}:{Path(__file__).resolve().parents[1]}"})
        assert done.returncode == 2 and "python3-plotly" in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.skipif("ACIM_RESULTS" not in os.environ, reason="needs a real results file")
def test_run_directory_takes_its_finished_file(tmp_path: Path) -> None:
    directory = Path(os.environ["ACIM_RESULTS"]).parent
    assert "tops_per_watt" in open_source(directory).points
    for name in ("plan.json", "segments"):
        os.symlink(directory / name, tmp_path / name)
    live = open_source(tmp_path)
    assert "tops_per_watt" not in live.points and len(live.points) == 30
    data = json.loads(unpack(report_page(live).html.decode(), "packed-data"))
    assert data["metric"] == "accuracy" and data["layers"]["point"] == []


def test_probability_of_the_front_is_that_of_the_command(results_path: Path) -> None:
    data = page_data(results_path)
    found = find_front(open_results(results_path)).table["front_probability"].sort_index()
    assert len(found) == data["count"] and 0 < found.max() and found.min() < 1
    given = [np.nan if v is None else v for v in data["values"]["front_probability"]]
    np.testing.assert_array_equal(given, found)
    column = next(c for c in data["columns"] if c["key"] == "front_probability")
    assert (column["label"], column["unit"], column["role"]) == ("P(front)", "%", "estimate")


def test_no_front_without_a_point_that_knows_both(tmp_path: Path) -> None:
    path = write_sweep(tmp_path / "a.h5", Sweep(points=4))
    with h5py.File(path, "a") as file:
        file["accuracy"][:2] = np.nan
        file["tops_per_watt"][2:] = np.nan
    assert "front_probability" not in page_data(path)["values"]


def test_yield_of_a_specification(results_path: Path, tmp_path: Path) -> None:
    path = results_path
    assert main([str(path), "--spec", "0.9", "-o", str(tmp_path / "a.html")]) == 0
    data = json.loads(unpack((tmp_path / "a.html").read_text("utf-8"), "packed-data"))
    found = yield_at(open_results(path), 0.9)
    assert data["values"]["yield"] == found["yield"].tolist() and 0 < found["yield"].max()
    assert data["values"]["yield_ci_low"] == pytest.approx(found["low"].tolist(), abs=1e-15)
    assert {"key": "yield", "better": "max", "low": "yield_ci_low", "high": "yield_ci_high",
            "main": True} in data["objectives"]
    assert main([str(path), "--spec", "90"]) == 2
