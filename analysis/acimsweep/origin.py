# SPDX-License-Identifier: Apache-2.0
"""Where a point comes from, and in what two points differ, by what their files store."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from acimsweep.names import value_text
from acimsweep.results import Point, Results

_DIGITS = 12  # of a hash: enough to tell two apart
_UNSET = "not set"
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_NETWORK = re.compile(r"""\bnetwork["']?\s*[:=]\s*("[^"\n]*"|'[^'\n]*'|[^\s,}]+)""")


def file_name(results: Results) -> str:
    """The sweep and the path that it was opened from, as "w4 (out/results.h5)"."""
    name = str(results.attrs.get("sweep_name") or results.attrs.get("title") or "")
    return f"{name} ({results.path})" if name else results.path


def names_of(a: Point, b: Point) -> tuple[str, str]:
    """What to call two points so that one knows which is which: with their files where they have two."""
    if a.results is b.results:
        return str(a), str(b)
    return _full_name(a), _full_name(b)


def differences_of(a: Point, b: Point) -> dict[str, str]:
    """In what two points of different files differ, apart from parameters that both sweeps vary.

    By name: keys of the point (`macro.rows`) and `layers`, its rules by layer, with both values;
    `network_hash`, the calibrated network, with the names of the networks' files; `point_id` where a
    file tells no more than this hash; `code_version` of the programs that planned.
    """
    swept = set(a.results.parameters) & set(b.results.parameters)
    return {name: text for name, text in {**_of_keys(a, b), **_of_networks(a, b),
                                          **_of_versions(a, b)}.items() if name not in swept}


def same_text(a: Point, b: Point) -> str:
    """What there is to say where `differences_of` finds nothing."""
    mine, theirs = (str(p.results.attrs.get("sweep_sha256", "")) for p in (a, b))
    if mine == theirs:
        return "no difference: the same sweep"
    return (f"no difference that this point has: sweep_sha256 {mine[:_DIGITS]} and "
            f"{theirs[:_DIGITS]}, texts that differ elsewhere")


def _full_name(point: Point) -> str:
    name = file_name(point.results)
    return f"{name}, {point}" if point.results.parameters else name


def _of_keys(a: Point, b: Point) -> dict[str, str]:
    keys = [_keys(p) for p in (a, b)]
    if not all(keys):  # a file that does not hold the keys of its points
        return _of_hashes(a, b, "point_id")
    names = list(dict.fromkeys([*keys[0], *keys[1]]))
    both = {name: [k.get(name, "none" if name == "layers" else _UNSET) for k in keys]
            for name in names}
    return {name: f"{mine} and {theirs}" for name, (mine, theirs) in both.items() if mine != theirs}


def _keys(point: Point) -> dict[str, str]:
    """The keys of a point by their path, values as text; empty where the file does not hold them."""
    try:
        keys = json.loads(point.row.get("point_json", "{}"))
    except ValueError:
        return {}
    if not isinstance(keys, dict):
        return {}
    rules = keys.pop("layers", None)
    return _flat(keys) | ({"layers": _rules_text(rules)} if rules else {})


def _rules_text(rules: Any) -> str:
    """Rules by layer in their order, as "conv1: analog=false; fc*: macro.rows=64"."""
    texts = []
    for rule in rules:
        keys = dict(rule)
        match = keys.pop("match", "*")
        texts.append(f"{match}: " + ", ".join(f"{k}={v}" for k, v in _flat(keys).items()))
    return "; ".join(texts)


def _flat(keys: dict[str, Any], before: str = "") -> dict[str, str]:
    out: dict[str, str] = {}
    for name, value in keys.items():
        if isinstance(value, dict):
            out |= _flat(value, f"{before}{name}.")
        else:
            plain = isinstance(value, str) or (isinstance(value, (int, float))
                                               and not isinstance(value, bool))
            out[before + name] = value_text(value) if plain else json.dumps(value)
    return out


def _of_networks(a: Point, b: Point) -> dict[str, str]:
    found = _of_hashes(a, b, "network_hash")
    files = [_network_file(p.results.sweep_text) for p in (a, b)]
    if found and all(files):
        found["network_hash"] += (f" ({files[0]} and {files[1]})" if files[0] != files[1] else
                                  f" ({files[0]} in both: its content, bits, scales or calibration)")
    return found


@lru_cache(maxsize=4)
def _network_file(sweep_text: str) -> str:
    """The network as the text of a sweep names it, empty where it does not: in the last change by
    --set, which are comments at the end, else in the YAML itself."""
    changes = [line for line in sweep_text.splitlines() if line.startswith("# --set workload")]
    for part in [*reversed(changes), _COMMENT.sub("", sweep_text)]:
        if found := _NETWORK.search(part):
            return found[1].strip("\"'")
    return ""


def _of_hashes(a: Point, b: Point, name: str) -> dict[str, str]:
    mine, theirs = (str(p.row.get(name, "")) for p in (a, b))
    if mine == theirs or not mine or not theirs:
        return {}
    return {name: f"{mine[:_DIGITS]} and {theirs[:_DIGITS]}"}


def _of_versions(a: Point, b: Point) -> dict[str, str]:
    mine, theirs = (str(p.results.attrs.get("code_version", "")) for p in (a, b))
    return {"code_version": f"{mine} and {theirs}"} if mine != theirs else {}
