# SPDX-License-Identifier: Apache-2.0
"""Results files that are well-formed HDF5 and hostile: refused in one sentence, without following,
executing or allocating what they say."""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import write_results

from acimsweep import Results, ResultsError, open_results

TABLES: dict[str, Callable[[Results], object]] = {
    "points": lambda r: r.points, "trials": lambda r: r.trials, "layers": lambda r: r.layers,
    "row": lambda r: r.bits(np.array([0])), "bits": lambda r: r.correct_bits,
    "text": lambda r: r.sweep_text, "chips": lambda r: r.chips}


def changed(path: Path, change: Callable[[h5py.File], object]) -> Path:
    write_results(path)
    with h5py.File(path, "a") as file:
        change(file)
    return path


def read_all(path: Path) -> dict[str, str]:
    """What each table refuses with, within 64 MB; anything but a ResultsError fails the test."""
    refusals = {}
    tracemalloc.start()
    try:
        try:
            results = open_results(path)
        except ResultsError as error:
            return dict.fromkeys(TABLES, str(error))
        for name, table in TABLES.items():
            try:
                table(results)
            except ResultsError as error:
                refusals[name] = str(error)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    return refusals


def replace(file: h5py.File, name: str, put: Callable[[], object]) -> None:
    del file[name]
    put()


def test_the_unchanged_file_is_read(tmp_path: Path) -> None:
    assert read_all(changed(tmp_path / "r.h5", lambda file: None)) == {}


EXTERNAL = h5py.ExternalLink("other.h5", "accuracy")


@pytest.mark.parametrize(("name", "link"), [
    ("accuracy", EXTERNAL), ("trials/correct", EXTERNAL), ("trials", EXTERNAL),
    ("trials/correct_bits", EXTERNAL), ("accuracy", h5py.SoftLink("/point")),
    ("layers", h5py.SoftLink("/nowhere"))])
def test_links_are_not_followed(tmp_path: Path, name: str, link: object) -> None:
    write_results(tmp_path / "other.h5")
    path = changed(tmp_path / "r.h5", lambda file: replace(
        file, name, lambda: file.__setitem__(name, link)))
    refusals = read_all(path)
    assert refusals and all("link to another place" in text for text in refusals.values()), refusals


def test_values_in_other_files_are_not_read(tmp_path: Path) -> None:
    write_results(tmp_path / "other.h5")

    def mapped(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((9,), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "accuracy", (9,))
        file.create_virtual_dataset("accuracy", layout)

    def outside(file: h5py.File) -> None:
        file.create_dataset("accuracy", (9,), "u1", external=[("/etc/passwd", 0, 9)])

    for put in (mapped, outside):
        path = changed(tmp_path / "r.h5", lambda file: replace(
            file, "accuracy", lambda: put(file)))
        refusals = read_all(path)
        assert set(refusals) == {"points"}
        assert "keeps its values in other files" in refusals["points"]


@pytest.mark.parametrize(("name", "kind", "chunks"), [
    ("trials/correct", "u1", None), ("trials/correct", "S64", (1000,)),
    ("trials/correct", "text", (1000,)), ("trials/correct_bits", "u1", (1000,)),
    ("point", "f8", None), ("point", "text", (1000,))])
def test_shapes_that_no_data_fill_allocate_nothing(tmp_path: Path, name: str, kind: str,
                                                   chunks: tuple[int, ...] | None) -> None:
    shape = (10**12, 1) if name.endswith("bits") else (10**12,)
    path = changed(tmp_path / "r.h5", lambda file: replace(file, name, lambda: file.create_dataset(
        name, shape, h5py.string_dtype() if kind == "text" else kind,
        chunks=chunks if chunks is None or len(shape) == 1 else (1000, 1))))
    assert path.stat().st_size < 1 << 20
    refusals = read_all(path)
    table = {"point": "points", "trials/correct": "trials", "trials/correct_bits": "bits"}[name]
    if name != "point":
        assert "of shape (1000000000000" in refusals[table]
        assert "claims" in refusals[table]


@pytest.mark.parametrize(("name", "shape"), [
    ("provenance/sweep_yaml", (64,)), ("trials/correct_bits", (64, 8)), ("title", (64,))])
def test_lists_of_one_large_text_are_not_unfolded(tmp_path: Path, name: str,
                                                  shape: tuple[int, ...]) -> None:
    """Each text of a list takes 16 bytes of the file and may name all of a large one: 64 here would
    take 128 MB, of which read_all() allows half."""
    def put(file: h5py.File) -> None:
        text, large = h5py.string_dtype(), "x" * (2 << 20)
        if name == "title":
            file.attrs.create("title", np.full(shape, large, object), dtype=text)
            return
        del file[name]
        file.create_dataset(name, data=np.full(shape, large, object), dtype=text)

    refusals = read_all(changed(tmp_path / "r.h5", put))
    if name != "title":
        assert any("no text but has" in text or "table of text" in text
                   for text in refusals.values()), refusals


class Bomb:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return (open, (str(self.mark), "w"))


def test_objects_are_never_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    dump = pickle.dumps(Bomb(mark))

    def objects(file: h5py.File) -> None:
        opaque = np.array([np.void(dump)] * 9)
        for name in ("accuracy", "loss", "trials/correct", "layers/conversions"):
            if name in file:
                del file[name]
            dataset = file.create_dataset(name, data=opaque)
            dataset.attrs["role"] = "parameter"
            dataset.attrs["spec_path"] = np.void(dump)
        del file["provenance/sweep_yaml"]
        file["provenance/sweep_yaml"] = np.void(dump)
        file.attrs["title"] = np.void(dump)

    refusals = read_all(changed(tmp_path / "r.h5", objects))
    assert "holds neither numbers nor text" in refusals["text"]
    assert not mark.exists()
    assert "accuracy" not in open_results(tmp_path / "r.h5").points


def test_one_large_text_in_every_row_is_stopped(tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acimsweep.stored.MOST_BYTES", 1 << 20)
    path = changed(tmp_path / "r.h5", lambda file: replace(
        file, "point_json", lambda: file.create_dataset(
            "point_json", data=["x" * 200_000] * 9, dtype=h5py.string_dtype())))
    assert "holds more than 1048576 characters" in read_all(path)["points"]


def hostile(file: h5py.File, what: int) -> None:
    if what == 0:
        replace(file, "trials", lambda: file.create_dataset("trials", data=np.arange(3)))
    elif what == 1:
        replace(file, "point", lambda: file.create_dataset("point", data=5))
    elif what == 2:
        replace(file, "trials/chip", lambda: file.create_dataset("trials/chip", data=[1.5]))
    elif what == 3:
        replace(file, "trials/correct_bits", lambda: file.create_group("trials/correct_bits"))
    elif what == 4:
        replace(file, "trials/correct_bits",
                lambda: file.create_dataset("trials/correct_bits", data=np.zeros((2, 0), "u1")))
    elif what == 5:
        file.attrs["title"] = np.array([b"\xff\xfe", b"\x80"])
        file["accuracy"].attrs["spec_path"] = b"\xff"
    elif what == 6:
        replace(file, "accuracy", lambda: file.create_dataset("accuracy", data=[b"\xff"] * 9))
    elif what == 7:
        file["trials/self"] = file["/"]
    else:
        replace(file, "trials/point",
                lambda: file.create_dataset("trials/point", data=np.full(27, np.nan)))


@pytest.mark.parametrize("what", range(9))
def test_other_forms_give_an_answer_or_one_error(tmp_path: Path, what: int) -> None:
    path = changed(tmp_path / "r.h5", lambda file: hostile(file, what))
    for name, text in read_all(path).items():
        assert str(path) in text or "r.h5" in text, (name, text)
