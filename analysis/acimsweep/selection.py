# SPDX-License-Identifier: Apache-2.0
"""Conditions over the columns of a table, such as "adc.bits >= 7 and path in ('table', 'chip')".

    condition  = conjunction {"or" conjunction}
    conjunction = negation {"and" negation}
    negation   = "not" negation | comparison
    comparison = "(" condition ")" | value {operator value} | value ["not"] "in" "(" values ")"
    operator   = "==" | "=" | "!=" | "<" | "<=" | ">" | ">="
    value      = number | 'text' | "text" | true | false | name | `any name`

A name is a column, or an ending of its path that no other column has. Comparisons chain as in
Python: 6 <= adc.bits <= 8. A column of 0 and 1 may stand alone. A NaN fulfils only "!=". The text is
parsed here and never executed.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from acimsweep.columns import SelectionError, resolve

MAX_LENGTH, MAX_DEPTH = 10_000, 50

_TOKEN = re.compile(r"""\s*(?:
    (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
  | (?P<text>'[^']*'|"[^"]*")
  | `(?P<quoted>[^`]+)`
  | (?P<name>[A-Za-z_][\w.|/-]*)
  | (?P<sign><=|>=|==|!=|=|<|>|\(|\)|\[|\]|,)
)""", re.VERBOSE)
_COMPARE = {"==": operator.eq, "=": operator.eq, "!=": operator.ne, "<": operator.lt,
            "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_WORDS = {"and", "or", "not", "in", "true", "false"}
_CLOSING = {"(": ")", "[": "]"}


def select(table: pd.DataFrame, condition: str) -> np.ndarray:
    """Rows of the table that fulfil the condition: bool [rows].

    SelectionError with the place in the text where it is no condition, names no column, or compares
    a text with a number.
    """
    if len(condition) > MAX_LENGTH:
        raise SelectionError(f"a condition of {len(condition)} characters; at most {MAX_LENGTH}")
    return _Parser(table, condition).whole()


@dataclass(frozen=True)
class _Token:
    kind: str  # number, text, name, word, sign or end
    text: str
    place: int


@dataclass(frozen=True)
class _Value:
    """Numbers or texts: a value for each row, or one for all of shape ()."""

    values: np.ndarray
    is_text: bool
    token: _Token


def _tokens(condition: str) -> list[_Token]:
    tokens, place = [], 0
    while place < len(condition.rstrip()):
        match = _TOKEN.match(condition, place)
        if match is None:
            start = place + len(condition[place:]) - len(condition[place:].lstrip())
            raise SelectionError(f"condition, character {start + 1}: cannot read "
                                 f"'{condition[start:start + 20]}'")
        kind = str(match.lastgroup)
        text, start = match[kind], match.start(kind) + 1
        if kind == "name" and text.lower() in _WORDS:
            kind, text = "word", text.lower()
        tokens.append(_Token("name" if kind == "quoted" else kind, text, start))
        place = match.end()
    return [*tokens, _Token("end", "", len(condition) + 1)]


class _Parser:
    """Recursive descent; every rule gives the rows that fulfil it."""

    def __init__(self, table: pd.DataFrame, condition: str) -> None:
        self._table = table
        self._tokens = _tokens(condition)
        self._next = 0
        self._depth = 0

    def whole(self) -> np.ndarray:
        rows = self._condition()
        if self._here.kind != "end":
            raise self._error("expected 'and', 'or' or the end")
        return rows

    @property
    def _here(self) -> _Token:
        return self._tokens[self._next]

    def _error(self, problem: str, token: _Token | None = None) -> SelectionError:
        token = token or self._here
        found = f"'{token.text}'" if token.kind != "end" else "the end"
        return SelectionError(f"condition, character {token.place}: {problem}, found {found}")

    def _take(self, kind: str, *texts: str) -> _Token | None:
        token = self._here
        if token.kind != kind or (texts and token.text not in texts):
            return None
        self._next += 1
        return token

    def _condition(self) -> np.ndarray:
        rows = self._conjunction()
        while self._take("word", "or"):
            rows = rows | self._conjunction()
        return rows

    def _conjunction(self) -> np.ndarray:
        rows = self._negation()
        while self._take("word", "and"):
            rows = rows & self._negation()
        return rows

    def _negation(self) -> np.ndarray:
        odd = False
        while self._take("word", "not"):
            odd = not odd
        rows = self._comparison()
        return ~rows if odd else rows

    def _comparison(self) -> np.ndarray:
        if self._take("sign", "("):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise self._error(f"more than {MAX_DEPTH} parentheses in each other")
            rows = self._condition()
            if not self._take("sign", ")"):
                raise self._error("expected ')'")
            self._depth -= 1
            return rows
        left = self._value()
        negated = self._here.text == "not" and self._here.kind == "word"
        if negated:
            self._next += 1
        if self._take("word", "in"):
            rows = self._membership(left)
            return ~rows if negated else rows
        if negated:
            raise self._error("expected 'in' after 'not'")
        return self._chain(left)

    def _chain(self, left: _Value) -> np.ndarray:
        rows, compared = np.ones(len(self._table), bool), False
        while sign := self._take("sign", *_COMPARE):
            right = self._value()
            rows &= self._compare(left, sign, right)
            left, compared = right, True
        if compared:
            return rows
        if left.is_text or left.values.shape == () or not np.isin(left.values, (0, 1)).all():
            raise self._error(f"'{left.token.text}' is compared with nothing: expected an operator")
        return left.values == 1

    def _compare(self, left: _Value, sign: _Token, right: _Value) -> np.ndarray:
        if left.is_text != right.is_text:
            text, number = (left, right) if left.is_text else (right, left)
            raise self._error(f"'{text.token.text}' is text and '{number.token.text}' a number; "
                              "they do not compare", sign)
        if left.is_text and sign.text not in ("==", "=", "!="):
            raise self._error("texts compare with == and != only", sign)
        rows = _COMPARE[sign.text](left.values, right.values)
        return np.broadcast_to(np.asarray(rows, bool), len(self._table))

    def _membership(self, left: _Value) -> np.ndarray:
        opening = self._take("sign", *_CLOSING)
        if opening is None:
            raise self._error("expected a list in parentheses after 'in'")
        rows = np.zeros(len(self._table), bool)
        while True:
            right = self._value()
            rows = rows | self._compare(left, _Token("sign", "==", right.token.place), right)
            if not self._take("sign", ","):
                break
            if self._here.text == _CLOSING[opening.text]:
                break
        if not self._take("sign", _CLOSING[opening.text]):
            raise self._error(f"expected ',' or '{_CLOSING[opening.text]}'")
        return rows

    def _value(self) -> _Value:
        token = self._here
        if token.kind == "number":
            value: _Value = _Value(np.asarray(float(token.text)), False, token)
        elif token.kind == "word" and token.text in ("true", "false"):
            value = _Value(np.asarray(float(token.text == "true")), False, token)
        elif token.kind == "text":
            value = _Value(np.asarray(token.text[1:-1], object), True, token)
        elif token.kind == "name":
            value = self._column(token)
        else:
            raise self._error("expected a column, a number or a text")
        self._next += 1
        return value

    def _column(self, token: _Token) -> _Value:
        if token.text == "point" and "point" not in self._table:
            return _Value(self._table.index.to_numpy(), False, token)
        try:
            column = self._table[resolve(token.text, map(str, self._table.columns))]
        except SelectionError as error:
            raise SelectionError(f"condition, character {token.place}: {error}") from None
        is_text = not pd.api.types.is_numeric_dtype(column)
        return _Value(column.to_numpy(object if is_text else float), is_text, token)
