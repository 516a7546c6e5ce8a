# SPDX-License-Identifier: Apache-2.0
"""scripts/sass-counts on machine code put together here, and on what nvcc makes where it is."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from scripts_as_modules import ROOT, load

sass = load("sass-counts")
COUNTS = ROOT / "scripts/sass-counts"
NUMBERS = {name: code for group in sass.OPCODES.values() for code, name in group.items()}
ALWAYS = 7 << 12          # predicate PT
HIGH_ALWAYS = 7 << 23     # second predicate of branches


def plain(name: str, predicate: int = 7) -> tuple[int, int]:
    """Return the two words of an instruction without operands."""
    return NUMBERS[name] | predicate << 12, HIGH_ALWAYS


def branch(at: int, target: int, sm: int, predicate: int = 7) -> tuple[int, int]:
    """Return a BRA from instruction `at` to instruction `target`."""
    offset = (target - at - 1) * 16 // 4
    high = HIGH_ALWAYS
    low = NUMBERS["BRA"] | predicate << 12
    if sm >= 90:
        low |= (offset & 0xFF) << 16
        offset >>= 8
    offset &= (1 << 48) - 1
    return low | (offset & 0x3FFFFFFF) << 34, high | offset >> 30


def barrier(name: str, number: int, at: int = 0, target: int = 0) -> tuple[int, int]:
    """Return a BSSY that names `target`, or a BSYNC."""
    offset = (target - at - 1) * 16 if name == "BSSY" else 0
    return NUMBERS[name] | ALWAYS | number << 16 | (offset & 0xFFFFFFFF) << 32, HIGH_ALWAYS


def cubin(code: list[tuple[int, int]], sm: int, name: str = "kernel", abi: int = 8) -> bytes:
    """Return an ELF file with one kernel."""
    text = b"".join(struct.pack("<QQ", *words) for words in code)
    names = b"\0.shstrtab\0.text." + name.encode() + b"\0"
    sections = [(0,) * 10, (1, 3, 0, 0, 64, len(names), 0, 0, 1, 0),
                (11, 1, 6, 0, 64 + len(names), len(text), 0, 0, 16, 0)]
    table = b"".join(struct.pack("<IIQQQQIIQQ", *row) for row in sections)
    flags = sm << 8 | 4 if abi >= 8 else sm << 16 | 0x500 | sm
    header = (b"\x7fELF\x02\x01\x01" + bytes([51, abi]) + bytes(7) +
              struct.pack("<HHIQQQIHHHHHH", 2, 190, 1, 0, 0, 64 + len(names) + len(text), flags, 64,
                          0, 0, 64, 3, 1))
    return header + names + text + table


def loop_with_rare_work(sm: int) -> list[tuple[int, int]]:
    """A loop of BMMA, IMAD.WIDE, LDS whose rare branch spills and multiplies doubles."""
    return [plain("MOV"),                             # 0
            plain("BMMA"),                            # 1, header
            plain("IMAD.WIDE"),
            barrier("BSSY", 0, 3, 8),                 # 3: all meet at 8
            branch(4, 7, sm, predicate=0),            # 4: over the rare work
            plain("DMUL"),
            plain("STL"),
            barrier("BSYNC", 0),                      # 7
            plain("LDS"),                             # 8
            plain("ISETP"),
            branch(10, 1, sm, predicate=8),           # 10: again
            plain("EXIT"),
            branch(12, 12, sm), plain("NOP")]


@pytest.mark.parametrize(("sm", "abi"), [(80, 7), (86, 8), (89, 8), (90, 7), (90, 8)])
def test_the_common_path_leaves_rare_work_out(tmp_path: Path, sm: int, abi: int) -> None:
    """Counts by hand; 128 conversions of a BMMA bound the issue at 128*128/(32*8)."""
    path = tmp_path / "a.cubin"
    path.write_bytes(cubin(loop_with_rare_work(sm), sm, abi=abi))
    found = sass.read(path, "", {"IMAD.WIDE"}, 128)[f"kernel sm_{sm}"]
    loop = found["hot_loop"]
    assert loop["at"] == 16
    assert loop["path"]["by_name"] == {
        "BMMA": 1, "IMAD.WIDE": 1, "BSSY": 1, "BRA": 2, "BSYNC": 1, "LDS": 1, "ISETP": 1}
    assert loop["instructions_with_rare_ones"] == 10
    assert loop["path"]["spills"] == 0
    assert loop["spills_with_rare_ones"] == 1
    assert loop["conversions"] == 128
    assert loop["per_clock"]["issue"] == 128 * 128 / (32 * 8)
    assert loop["per_clock"]["shared"] == 128
    assert loop["per_clock"]["imad"] == 256
    assert found["kernel"]["spills"] == 1
    assert found["kernel"]["unknown"] == 0
    assert "NOP" not in found["kernel"]["by_name"]


def test_the_smallest_loop_with_what_is_wanted(tmp_path: Path) -> None:
    """The BMMA stands in an inner loop; IMAD.WIDE is in the outer one only."""
    code = [plain("MOV"),
            plain("IMAD.WIDE"),                # 1, outer header
            plain("BMMA"),                     # 2, inner header
            branch(3, 2, 90, predicate=0),
            plain("LDS"),
            branch(5, 1, 90, predicate=1),
            plain("EXIT")]
    path = tmp_path / "a.cubin"
    path.write_bytes(cubin(code, 90))
    inner = sass.read(path, "", set(), 64)["kernel sm_90"]["hot_loop"]
    outer = sass.read(path, "", {"IMAD.WIDE"}, 64)["kernel sm_90"]["hot_loop"]
    assert (inner["at"], inner["path"]["issue"]) == (32, 2)
    assert (outer["at"], outer["path"]["issue"], outer["conversions"]) == (16, 5, 64)
    assert sass.read(path, "", {"POPC"}, 64)["kernel sm_90"]["hot_loop"] is None


def test_divergent_branches_and_cold_blocks_are_no_loops(tmp_path: Path) -> None:
    """BRA.DIV leads to a block behind EXIT that comes back: it is not taken, and makes no loop."""
    divergent = branch(2, 6, 90)
    code = [plain("MOV"),
            plain("BMMA"),                                    # 1, header
            (divergent[0], divergent[1] | 1 << 27),           # 2
            plain("LDS"),                                     # 3
            branch(4, 1, 90, predicate=0),
            plain("EXIT"),
            plain("SHFL"),                                    # 6, cold
            branch(7, 3, 90)]
    path = tmp_path / "a.cubin"
    path.write_bytes(cubin(code, 90))
    loop = sass.read(path, "", set(), 128)["kernel sm_90"]["hot_loop"]
    assert loop["path"]["by_name"] == {"BMMA": 1, "BRA": 2, "LDS": 1}
    kernel = next(iter(sass.kernels(path.read_bytes())))[1]
    assert len(sass.Flow(kernel).loops()) == 1


def test_a_cubin_inside_another_file(tmp_path: Path) -> None:
    """What nvcc --no-compress leaves in an object file; other ELF headers are passed over."""
    path = tmp_path / "a.o"
    path.write_bytes(b"\x7fELF" + bytes(96) + cubin(loop_with_rare_work(90), 90, "first"))
    assert list(sass.read(path, "fir.t", set(), 1)) == ["first sm_90"]


@pytest.mark.parametrize(("content", "said"), [
    (b"no code at all", "no kernel"),
    (cubin([plain("EXIT")], 90), "fits 'absent'"),
    (cubin([plain("EXIT")], 75, "absent"), "sm_75"),
])
def test_what_cannot_be_read_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    """One line with the file's name, and status 1."""
    path = tmp_path / "a.cubin"
    path.write_bytes(content)
    done = subprocess.run([sys.executable, COUNTS, path, "--kernel", "absent"], capture_output=True,
                          text=True)
    assert done.returncode == 1
    assert said in done.stderr
    assert str(path) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_program_prints_json(tmp_path: Path) -> None:
    """The same as read()."""
    path = tmp_path / "a.cubin"
    path.write_bytes(cubin(loop_with_rare_work(90), 90))
    done = subprocess.run([sys.executable, COUNTS, path, "--with", "IMAD.WIDE",
                           "--conversions-per-mma", "64"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == sass.read(path, "", {"IMAD.WIDE"}, 64)


def test_on_what_nvcc_makes() -> None:
    """The self-test compiles a loop of known content for every architecture."""
    done = subprocess.run([sys.executable, COUNTS, "--self-test"], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip("no nvcc")
    assert done.returncode == 0, done.stdout + done.stderr
