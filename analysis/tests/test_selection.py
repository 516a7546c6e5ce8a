# SPDX-License-Identifier: Apache-2.0
"""The condition language against Python's own evaluation, and its errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acimsweep.columns import SelectionError
from acimsweep.selection import MAX_DEPTH, select

TABLE = pd.DataFrame({
    "macro.adc.bits": [5, 6, 7, 8, 8, 9],
    "macro.sigma": [0.0, 0.25, np.nan, 0.5, -1.0, 1e-3],
    "layers./conv1/Conv.mode": ["analog", "digital", "", "analog", "it's", "digital"],
    "flag": [0, 1, 1, 0, 0, 1],
})
NUMBERS = ["5", "6", "8", "8.0", "0.25", "-1", "1e-3", ".5", "100"]
TEXTS = ["'analog'", '"digital"', '"it\'s"', "''"]
# A column as the language names it, and as Python finds it in a row r.
NUMERIC = [("macro.adc.bits", "r[0]"), ("adc.bits", "r[0]"), ("bits", "r[0]"),
           ("macro.sigma", "r[1]"), ("flag", "r[3]")] + [(n, n) for n in NUMBERS]
TEXTUAL = [("`layers./conv1/Conv.mode`", "r[2]"), ("mode", "r[2]")] + [(t, t) for t in TEXTS]


def comparisons() -> st.SearchStrategy[tuple[str, str]]:
    order = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    equal = st.sampled_from(["==", "!="])
    numeric, textual = st.sampled_from(NUMERIC), st.sampled_from(TEXTUAL)

    def chain(parts: list[tuple[str, str]], signs: list[str]) -> tuple[str, str]:
        mine, pythons = parts[0]
        for sign, (name, python) in zip(signs, parts[1:]):
            mine, pythons = f"{mine} {sign} {name}", f"{pythons} {sign} {python}"
        return mine, f"({pythons})"

    def member(left: tuple[str, str], word: str, right: list[tuple[str, str]]) -> tuple[str, str]:
        # Python's `in` compares identity first; == is what is meant, which NaN shows.
        mine = f"{left[0]} {word} ({', '.join(name for name, _ in right)})"
        equal = " or ".join(f"{left[1]} == {python}" for _, python in right)
        return mine, f"({'not ' if word.startswith('not') else ''}({equal}))"

    words = st.sampled_from(["in", "not in"])
    return st.one_of(
        st.builds(chain, st.lists(numeric, min_size=2, max_size=4), st.lists(order, min_size=3,
                                                                            max_size=3)),
        st.builds(chain, st.lists(textual, min_size=2, max_size=2), st.lists(equal, min_size=1,
                                                                            max_size=1)),
        st.builds(member, numeric, words, st.lists(numeric, min_size=1, max_size=3)),
        st.builds(member, textual, words, st.lists(textual, min_size=1, max_size=3)),
        st.just(("flag", "(r[3] == 1)")))


def conditions() -> st.SearchStrategy[tuple[str, str]]:
    def both(word: str, a: tuple[str, str], b: tuple[str, str], brackets: bool) -> tuple[str, str]:
        mine, python = f"{a[0]} {word} {b[0]}", f"{a[1]} {word} {b[1]}"
        return (f"({mine})", f"({python})") if brackets else (mine, python)

    def negated(a: tuple[str, str]) -> tuple[str, str]:
        return f"not ({a[0]})", f"not ({a[1]})"

    return st.recursive(comparisons(), lambda inner: st.one_of(
        st.builds(both, st.sampled_from(["and", "or"]), inner, inner, st.booleans()),
        st.builds(negated, inner)), max_leaves=8)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(conditions())
def test_equals_python(condition: tuple[str, str]) -> None:
    mine, python = condition
    rows = list(TABLE.itertuples(index=False, name=None))
    wanted = [bool(eval(python, {"__builtins__": {}}, {"r": row})) for row in rows]
    assert list(select(TABLE, mine)) == wanted, mine


def test_without_spaces_and_with_other_forms() -> None:
    assert list(select(TABLE, "adc.bits>=8 and flag=true")) == [False] * 5 + [True]
    assert list(select(TABLE, "bits in [5,9,]")) == [True] + [False] * 4 + [True]
    assert list(select(TABLE, "point in (1, 2) or not bits != 9")) == [0, 1, 1, 0, 0, 1]
    assert list(select(TABLE, "8 = bits")) == [0, 0, 0, 1, 1, 0]


@pytest.mark.parametrize(("condition", "words"), [
    ("", "character 1: expected a column, a number or a text, found the end"),
    ("bits >", "character 7: expected a column"),
    ("bits > 5 5", "character 10: expected 'and', 'or' or the end, found '5'"),
    ("(bits > 5", "expected '\\)'"),
    ("bits", "'bits' is compared with nothing"),
    ("bits > 'a'", "''a'' is text and 'bits' a number"),
    ("mode < 'b'", "texts compare with == and != only"),
    ("adc.bit > 5", "no column is called 'adc.bit'. Near: 'macro.adc.bits'"),
    ("bits in 5", "expected a list in parentheses"),
    ("bits in ()", "expected a column"),
    ("bits not 5", "expected 'in' after 'not'"),
    ("bits > 5; import os", "character 9: cannot read '; import os'"),
    ("__import__('os').system('true')", "cannot read '.system"),
    ("bits.__class__ == 5", "no column is called 'bits.__class__'"),
    ("bits > 5x", "cannot read '5x'"),
    ("(" * (MAX_DEPTH + 1) + "bits > 5" + ")" * (MAX_DEPTH + 1), "more than 50 parentheses"),
    ("bits > 5 or " * 2000 + "bits > 5", "at most 10000"),
])
def test_what_is_no_condition_is_one_error(condition: str, words: str) -> None:
    with pytest.raises(SelectionError, match=words):
        select(TABLE, condition)


def test_many_negations_and_terms_need_no_deep_stack() -> None:
    assert select(TABLE, "not " * 2000 + "flag").sum() == 3
    assert select(TABLE, " or ".join(["bits == 5"] * 700)).sum() == 1


def test_an_ending_that_two_columns_have_is_refused() -> None:
    table = pd.DataFrame({"a.bits": [1], "b.bits": [2]})
    with pytest.raises(SelectionError, match="'bits' could be 'a.bits', 'b.bits'"):
        select(table, "bits > 0")
