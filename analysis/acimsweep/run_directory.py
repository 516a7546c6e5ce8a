# SPDX-License-Identifier: Apache-2.0
"""Reads a run directory while it grows: the plan and the segments (docs/result_format.md)."""

from __future__ import annotations

import hashlib
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from acimsweep.results import Results, ResultsError
from acimsweep.stop_rule import needed_chips
from acimsweep.stored import member, reading, values

PLAN = "plan.json"
_SEAL = re.compile(rb"\nacimsweep-seal sha256 ([0-9a-f]{64})\n\Z")
_SEAL_BYTES = 88
_COUNTS = ("chip", "repeat", "first_image", "images", "correct", "agree", "cross_entropy")
_KEY = ["point", "chip", "repeat", "first_image"]


@dataclass
class _Trials:
    """Rows of all segments so far, a list of arrays per column."""

    point_id: list[np.ndarray] = field(default_factory=list)
    counts: dict[str, list[np.ndarray]] = field(default_factory=lambda: {n: [] for n in _COUNTS})
    bits: list[np.ndarray] = field(default_factory=list)
    predictions: list[np.ndarray] = field(default_factory=list)

    def add(self, file: h5py.File) -> None:
        """Raises where the columns of a segment do not fit each other; then nothing is added."""
        ids = values(member(file, "point_id"))
        point_id = ids[values(member(file, "trials/point"))]
        counts = {n: values(member(file, f"trials/{n}")).astype(np.int64) for n in _COUNTS}
        bits = values(member(file, "trials/correct_bits"))
        if bits.ndim != 2 or any(c.shape != point_id.shape for c in (*counts.values(), bits[:, 0])):
            raise ResultsError("columns of different lengths")
        if (np.unpackbits(bits, axis=1).sum(axis=1) != counts["correct"]).any():
            raise ResultsError("correct is not what correct_bits hold")
        kept = member(file, "trials/predictions")
        if kept is not None:
            kept = values(kept)
            if kept.ndim != 2 or len(kept) != len(bits):
                raise ResultsError("columns of different lengths")
        self.point_id.append(point_id)
        self.bits.append(bits)
        for name in _COUNTS:
            self.counts[name].append(counts[name])
        if kept is not None:
            self.predictions.append(kept)


def open_run(path: Path) -> Results:
    """What the segments of a run directory hold at this moment: workers may go on meanwhile.

    `points` hold the swept parameters, point_id, network_hash and point_json, and what needs no further
    statistics: status, n_trials, n_chips, accuracy, accuracy_min, accuracy_max, agreement and loss,
    equal to those of results.h5, and perplexity where the network predicts at several positions.
    Intervals, deviations, percentiles, baselines, costs and `layers` are in results.h5 alone, which
    `acimsweep merge` writes at any time; point_statistics() computes the first three from the trials.
    Damaged segments are left out, as `merge` does; attrs["damaged"] names them.

    Raises ResultsError where the directory holds no plan that this package reads.
    """
    plan = _plan(path)
    trials, damaged = _read_segments(path, plan)
    table, order = _table(trials, plan)
    needed = needed_chips(plan, table)
    kept = (table["chip"] < needed[table["point"]]).to_numpy()
    table, order = table[kept].reset_index(drop=True), order[kept]
    items = plan["block_images"] * _positions(plan)
    tables = {"points": _points(plan, table, needed), "trials": table, "layers": pd.DataFrame(),
              "correct_bits": _joined(trials.bits, (items + 7) // 8, np.uint8)[order],
              "predictions": None, "labels": None, "sweep_text": plan["sweep_text"]}
    if "labels" in plan:
        tables["predictions"] = _joined(trials.predictions, items, np.uint16)[order]
        tables["labels"] = np.array(plan["labels"].split(), np.int64)
    return Results(
        path=str(path),
        attrs=_attributes(plan, table, needed) | {"damaged": damaged},
        parameters=_parameter_names(plan),
        units={name: str(unit) for name, unit in plan["parameter_units"].items()},
        load=tables.__getitem__,
    )


def _plan(path: Path) -> dict[str, Any]:
    file = path / PLAN
    if not file.is_file():
        raise ResultsError(f"{path}: no run directory (plan.json is missing)")
    try:
        plan = json.loads(file.read_bytes())
        known = plan["schema_name"] == "acimsweep-plan" and plan["schema_version"] == 1
    except (ValueError, KeyError, TypeError) as error:
        raise ResultsError(f"{file}: damaged plan ({error!r})") from error
    if not known:
        raise ResultsError(
            f"{file}: a plan of version {plan['schema_version']} (this package reads 1). "
            "Use the analysis package that came with the program that wrote it"
        )
    return plan


def _read_segments(path: Path, plan: dict[str, Any]) -> tuple[_Trials, list[str]]:
    """Until every segment that a listing showed was read, twice in a row: a worker writes the segment
    that it folds others into before it removes them, and a listing is not made at one moment."""
    trials, damaged, seen = _Trials(), [], set()
    calm = 0
    while calm < 2:
        calm += 1
        for file in sorted((path / "segments").glob("[!.]*.h5")):
            if file in seen:
                continue
            seen.add(file)
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                calm = 0
                continue
            seal = _SEAL.search(content, max(0, len(content) - _SEAL_BYTES))
            image = content[: -_SEAL_BYTES]
            if not seal or hashlib.sha256(image).hexdigest().encode() != seal[1]:
                damaged.append(str(file))
                continue
            try:
                with reading(str(file)), h5py.File(io.BytesIO(image), "r") as segment:
                    _check_origin(file, segment, plan)
                    trials.add(segment)
            except _OtherRun:
                raise
            except ResultsError:
                damaged.append(str(file))
    return trials, damaged


class _OtherRun(ResultsError):
    """A segment that does not belong into this directory."""


def _check_origin(file: Path, segment: h5py.File, plan: dict[str, Any]) -> None:
    for name in ("seed", "model_version", "data_hash", "positions"):
        default = 1 if name == "positions" else None
        found, planned = segment.attrs.get(name, default), plan.get(name, default)
        if found != planned:
            raise _OtherRun(f"{file}: a segment of another run ({name} {found}, "
                            f"the plan has {planned}). Remove it from this directory")
    if (member(segment, "trials/predictions") is not None) != ("labels" in plan):
        raise _OtherRun(f"{file}: a segment of another run (it holds predictions and the plan "
                        "does not, or the other way round). Remove it from this directory")


def _joined(parts: list[np.ndarray], width: int, kind: type) -> np.ndarray:
    """Rows of all segments, each `width` wide."""
    rows = [np.pad(p, ((0, 0), (0, max(0, width - p.shape[1]))))[:, :width] for p in parts]
    return np.concatenate([np.zeros((0, width), kind), *rows])


def _table(trials: _Trials, plan: dict[str, Any]) -> tuple[pd.DataFrame, np.ndarray]:
    """The planned rows, each once, sorted as in results.h5, and where they stood before."""
    if not trials.point_id:
        return (pd.DataFrame({n: np.zeros(0, np.int64) for n in _columns()}),
                np.zeros(0, np.int64))
    index = {point["id"]: i for i, point in enumerate(plan["points"])}
    ids = np.concatenate(trials.point_id)
    table = pd.DataFrame({"point": [index.get(name, -1) for name in ids]}
                         | {n: np.concatenate(c) for n, c in trials.counts.items()})
    table = table.rename(columns={"images": "n_images"})[_columns()]
    left = np.minimum(plan["block_images"], plan["images"] - table["first_image"])
    planned = ((table["point"] >= 0) & (table["chip"] < plan["chips"])
               & (table["repeat"] < plan["repeats"]) & (table["first_image"] < plan["images"])
               & (table["first_image"] % plan["block_images"] == 0) & (table["n_images"] == left))
    table = table[planned].drop_duplicates(_KEY).sort_values(_KEY)
    return table.reset_index(drop=True), table.index.to_numpy()


def _columns() -> list[str]:
    return _KEY + ["n_images", "correct", "agree", "cross_entropy"]


def _points(plan: dict[str, Any], table: pd.DataFrame, needed: np.ndarray) -> pd.DataFrame:
    points = pd.DataFrame(index=pd.RangeIndex(len(plan["points"]), name="point"))
    parameters: list[dict[str, Any]] = [{path: value for path, value in point["parameters"]}
                                        for point in plan["points"]]
    for name in _parameter_names(plan):
        points[name] = _column([own.get(name) for own in parameters])
    for name, key in (("point_id", "id"), ("network_hash", "network_hash"),
                      ("point_json", "canonical_json")):
        points[name] = [point[key] for point in plan["points"]]
    return points.join(_aggregates(plan, table, needed))


def _aggregates(plan: dict[str, Any], table: pd.DataFrame, needed: np.ndarray) -> pd.DataFrame:
    """Columns of the points from complete trials: means over chips of means over repeats. needed:
    chips [points]."""
    trials = table.groupby(["point", "chip", "repeat"])[
        ["n_images", "correct", "agree", "cross_entropy"]].sum()
    trials = trials[trials["n_images"] == plan["images"]] / (plan["images"] * _positions(plan))
    chips = trials.groupby(["point", "chip"]).mean()
    by_point = chips.groupby("point")
    mean = by_point.mean()
    out = pd.DataFrame(index=pd.RangeIndex(len(plan["points"]), name="point"))
    out["n_trials"] = trials.groupby("point").size()
    out["n_chips"] = by_point.size()
    out = out.fillna(0).astype(np.int64)
    whole = needed * plan["repeats"]
    out.insert(0, "status", np.select([out["n_trials"] == whole, out["n_trials"] == 0],
                                      ["done", "pending"], "partial"))
    out["accuracy"] = mean["correct"]
    out["accuracy_min"] = by_point["correct"].min()
    out["accuracy_max"] = by_point["correct"].max()
    out["agreement"] = mean["agree"]
    out["loss"] = mean["cross_entropy"] / 2.0**32
    if _positions(plan) != 1:
        out["perplexity"] = np.exp(out["loss"])
    return out


def _positions(plan: dict[str, Any]) -> int:
    """Items of an image that are classified; a plan says it where it is not 1."""
    return int(plan.get("positions", 1))


def _parameter_names(plan: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for point in plan["points"] for name, _ in point["parameters"]))


def _column(values: list[Any]) -> np.ndarray:
    """Whole numbers and booleans as int64, numbers as float64, anything else as text."""
    numbers = [v for v in values if v is not None]
    if all(isinstance(v, (bool, int)) for v in numbers) and len(numbers) == len(values):
        return np.array(values, np.int64)
    if all(isinstance(v, (bool, int, float)) for v in numbers):
        return np.array([np.nan if v is None else v for v in values], np.float64)
    return np.array(["" if v is None else v if isinstance(v, str) else json.dumps(v)
                     for v in values], object)


def _attributes(plan: dict[str, Any], table: pd.DataFrame, needed: np.ndarray) -> dict[str, Any]:
    blocks = -(-plan["images"] // plan["block_images"])
    units = int(needed.sum()) * plan["repeats"] * blocks
    names = ("sweep_name", "seed", "chips", "repeats", "images", "data_hash", "model_version",
             "code_version")
    positions = {} if _positions(plan) == 1 else {"positions": _positions(plan)}
    stop = {f"stop_{name}": value for name, value in plan.get("stop", {}).items()}
    return {name: plan[name] for name in names} | positions | stop | {
        "title": plan["sweep_name"], "sweep_complete": int(len(table) == units)}
