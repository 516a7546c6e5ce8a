# SPDX-License-Identifier: Apache-2.0
"""Puts template, data and plotly.js together to one HTML text.

Nothing that a results file holds can execute in the page: text in the markup is escaped, everything
else is packed JSON that the script puts into the page as text, and the page's Content-Security-Policy
allows the two scripts by their hashes and no network.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from acimsweep.atomic import atomic_path
from acimsweep.report import provenance, summary
from acimsweep.report.plotly import PlotlySource, plotly_source
from acimsweep.report.source import with_membership
from acimsweep.report.tables import page_data, to_json
from acimsweep.results import Results

_SCRIPTS = ("data.js", "filter.js", "front.js", "state.js", "colour.js", "scatter.js",
            "parallel.js", "table.js", "point.js", "cost.js", "print.js", "main.js")
_SLOT = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class Page:
    """html: the page in UTF-8; the other two say how many of its bytes are the library, and the
    sweep's data."""

    html: bytes
    plotly_bytes: int
    data_bytes: int


def report_page(results: Results, title: str | None = None) -> Page:
    """The page of some results. The same results and versions give the same bytes.

    Raises ImportError where the package plotly is missing.
    """
    library = plotly_source()
    results = with_membership(results)
    name = title or str(results.attrs.get("title") or results.attrs.get("sweep_name") or "sweep")
    script = _script()
    data = _packed(to_json(_data(results)))
    packed_library = _packed_library()
    slots = {
        "csp": _policy(script, library.text),
        "title": _text(name),
        "state": _text(summary.state_text(results)),
        "state_class": "complete" if summary.state_text(results) == "complete" else "partial",
        "summary": " ".join(_text(sentence) for sentence in summary.sentences(results)),
        "facts": _facts(results),
        "provenance": _provenance(results, library),
        "definitions": _terms(provenance.definitions(results)),
        "command": _text(provenance.reproduce_command(results)),
        "sweep_text": _text(results.sweep_text or "The file does not hold the sweep's text."),
        "banner": _text(library.banner),
        "style": _asset("style.css"),
        "data": data,
        "library": packed_library,
        "script": script,
    }
    page = _SLOT.sub(lambda match: slots[match[1]], _asset("page.html"))
    return Page(page.encode("utf-8", "replace"), len(packed_library), len(data))


def write_report(page: Page, path: Path) -> None:
    """Writes the page whole or not at all. Raises OSError."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(page.html)


def _data(results: Results) -> dict[str, object]:
    data = page_data(results)
    metric = summary.headline_metric(results)
    data["metric"] = metric.key if metric else None
    data["baseline"] = summary.baseline_of(results, metric) if metric else None
    chosen = summary.recommended_point(results, metric)
    data["chosen"] = None if chosen is None else results.points.index.get_loc(chosen)
    data["name"] = str(results.attrs.get("sweep_name") or "sweep")
    return data


@lru_cache(maxsize=1)
def _packed_library() -> str:
    return _packed(plotly_source().text.encode())


def _packed(content: bytes) -> str:
    """gzip without a time, in base64."""
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def _script() -> str:
    parts = [_asset(name).split("\n", 1)[1] for name in _SCRIPTS]  # without their SPDX lines
    text = '\n"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"
    if re.search(r"</script|<!--|\r", text):
        raise ValueError("a script of the template would end its element early")
    return text


def _policy(script: str, library: str) -> str:
    """No network at all; scripts by hash; eval because plotly's WebGL layer compiles its own
    drawing commands with Function; inline style because plotly positions its parts with it."""
    hashes = " ".join(f"'sha256-{_sha256(text)}'" for text in (script, library))
    return (f"default-src 'none'; script-src {hashes} 'unsafe-eval'; style-src 'unsafe-inline'; "
            "img-src data: blob:; base-uri 'none'; form-action 'none'")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _asset(name: str) -> str:
    return (resources.files("acimsweep.report") / "template" / name).read_text("utf-8")


def _facts(results: Results) -> str:
    return "".join(f'<div class="fact"><dt>{_text(what)}</dt><dd>{_text(value)}</dd>'
                   f"<dd class=\"remark\">{_text(remark)}</dd></div>"
                   for what, value, remark in summary.facts(results))


def _provenance(results: Results, library: PlotlySource) -> str:
    return _terms(provenance.provenance_rows(results, library.version))


def _terms(rows: list[tuple[str, str]]) -> str:
    return "".join(f"<dt>{_text(what)}</dt><dd>{_text(value)}</dd>" for what, value in rows)


def _text(text: str) -> str:
    """Text for HTML, without the control characters that HTML does not know."""
    return html.escape(re.sub(r"[^\t\n\x20-\ud7ff\ue000-\U0010ffff]", "\ufffd", text))
