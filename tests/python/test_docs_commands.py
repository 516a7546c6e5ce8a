# SPDX-License-Identifier: Apache-2.0
"""The pages that tell a newcomer what to type: every command of theirs is typed here, in order.

A page's fenced blocks are its program: one with a title is a file, ```sh blocks are commands, run one
after the other in a folder of their own. `<!-- not run: why -->` above a block keeps it out. Sweeps are
cut down to a few images; what the pages print under ```text is not compared.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from mac_cases import ROOT, binary
from sweep_cases import needs_data

BLOCK = re.compile(r'(?:<!-- not run: (?P<why>[^>]+?) -->\n)?^```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n'
                   r"(?P<text>.*?)^```$", re.M | re.S)
# Later settings win: what a page asks for stands before these.
SMALL = {"run": ["workload.images=6", "quantisation.images=16"],
         "plan": ["workload.images=6", "quantisation.images=16"]}


@dataclass(frozen=True)
class Block:
    kind: str
    title: str | None
    text: str
    why: str | None  # why it is not run


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(found["kind"], found["title"], found["text"], found["why"]) for found in BLOCK.finditer(page)]


def small_program(folder: Path) -> None:
    """A program of the same name that cuts sweeps down."""
    cases = "\n".join(f'    {command}) set -- "$@" {" ".join(f"--set {text}" for text in texts)};;'
                      for command, texts in SMALL.items())
    (folder / "acimsweep").write_text(
        f'#!/bin/sh\ncase "$1" in\n{cases}\nesac\nexec "{binary()}" "$@"\n')
    (folder / "acimsweep").chmod(0o755)


def type_commands(page: str, folder: Path, smaller: tuple[str, str] = ("", "")) -> None:
    """Do what the page says, with the first of two texts replaced by the second in its files; the first
    command that fails is the error."""
    work, programs = folder / "work", folder / "programs"
    work.mkdir()
    programs.mkdir()
    small_program(programs)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", "ACIM": str(ROOT),
                   "ACIM_BINARY": str(programs / "acimsweep"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    for block in blocks_of(page):
        if block.why:
            continue
        if block.title:
            (work / block.title).write_text(block.text.replace(*smaller) if smaller[0] else block.text)
        elif block.kind == "sh":
            done = subprocess.run(["bash", "-euxc", block.text], cwd=work, env=environment, text=True,
                                  capture_output=True, timeout=240)
            assert done.returncode == 0, f"{block.text}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"


def read(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


@needs_data
@pytest.mark.parametrize("page", ["tutorial.md", "howto_macro.md", "howto_cluster.md", "reproducibility.md"])
def test_the_commands_of_a_page_work(page: str, tmp_path: Path) -> None:
    type_commands(read(page), tmp_path)


@needs_data
def test_the_commands_of_the_network_page_work(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    type_commands(read("howto_network.md"), tmp_path, ('read("train", 6000)', 'read("train", 512)'))


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_blocks_are_read(page: str) -> None:
    """Every fence opens a block or ends one, and says what it is."""
    text = read(page)
    fences = re.findall(r"^ *```", text, re.M)
    assert len(fences) == 2 * len(blocks_of(text)), f"{page}: a fence without a kind, or one that is indented"


def test_a_page_with_a_wrong_command_fails(tmp_path: Path) -> None:
    page = '```yaml title="a.yaml"\nacimsweep: 1\n```\n\n```sh\nacimsweep validate a.yaml\n```\n'
    with pytest.raises(AssertionError, match="seed"):
        type_commands(page, tmp_path)
    (tmp_path / "kept").mkdir()
    type_commands("<!-- not run: wrong on purpose -->\n" + page[page.index("```sh"):], tmp_path / "kept")
