"""Label patterns: RE2 in Prometheus, Python's `re` here.  Only what both read alike, and what stays fast, is taken.

Prometheus selects series by them, and watcher tells bad requests from good ones by them: a pattern that the two read
differently (`[[:alpha:]]`, `{,3}`, possessive quantifiers, `\\pL`) would count wrong without a word.  `re` goes back
and forth where RE2 does not, so that repeats within repeats could stand still for minutes on one label value.

Syntax of RE2: https://github.com/google/re2/wiki/Syntax; Prometheus anchors a pattern as `^(?s:...)$`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import NamedTuple

LONGEST_VALUE = 1024
"""Characters; a longer label value is matched by no pattern."""

MOST_STEPS = 32 * LONGEST_VALUE**2
"""Steps that one label value may take at the worst, by a rough count; some tenths of a second."""

_ESCAPE = r"\\(?:[!-/:-@\[-`{-~]|[dDwWtnr])"
_CLASS = rf"\[\^?(?:{_ESCAPE}|[^\\\[\]&~|-]|-(?!-))+\]"
_COUNT = "(?:0|[1-9][0-9]{0,2})"  # a leading zero makes it literal text in RE2, and above 1000 is an error there
_REPEAT = rf"(?:[*+?]|\{{{_COUNT}(?:,{_COUNT}?)?\}})\??"
_OPEN = r"\((?:\?i?:)?(?!\?)"
_CHARACTER = r"[^\\\[\](){}|*+?]"
_SAME_IN_BOTH = re.compile(
    rf"(?P<ignore_case>\(\?i\))?(?:(?:{_CHARACTER}|{_ESCAPE}|{_CLASS}|\))(?:{_REPEAT}(?![*+?{{]))?|{_OPEN}|\|)*",
    re.DOTALL,
)
_TOKEN = re.compile(
    rf"\(\?i\)|(?P<open>{_OPEN})|(?P<close>\))|(?P<bar>\|)|(?P<one>{_CHARACTER}|{_ESCAPE}|{_CLASS})|(?P<repeat>{_REPEAT})",
    re.DOTALL,
)
_IGNORE_CASE = "(?i"
_NO_CHARACTERS = frozenset({".", "^", "$", *(f"\\{letter}" for letter in "dDwWtnr")})


class PatternError(ValueError):
    """A pattern that is not taken: `what` is wrong with it, and the `remedy`."""

    def __init__(self, what: str, remedy: str = 'write a regular expression of the whole value, as in "5.."') -> None:
        super().__init__(f"{what}; {remedy}")
        self.what, self.remedy = what, remedy


def predicate(pattern: str) -> Callable[[str], bool]:
    """Whether a whole label value matches.  Raises PatternError for patterns that are not read alike or not readable.

    Under `(?i)` only ASCII letters have an upper and a lower case.
    """
    _refuse_other_readings(pattern)
    try:
        compiled = re.compile(_TOKEN.sub(_for_python, pattern), re.ASCII | re.DOTALL)
    except re.error as error:
        raise PatternError(f"it cannot be read: {error}") from None
    return lambda value: len(value) <= LONGEST_VALUE and compiled.fullmatch(value) is not None


def refuse_slow(pattern: str) -> None:
    """Raise PatternError where matching may take very long.  Only for patterns that `predicate` takes."""
    tokens = [token for token in _TOKEN.finditer(pattern) if token[0] != "(?i)"]
    steps = _Reader(tokens).group(outermost=True).steps
    if steps == inf:
        what = "a group that has repeats or alternatives is itself repeated, which can take hours to match"
        raise PatternError(what, "write it without the outer repeat, as in [ab]+ for (a|b)+")
    if steps > MOST_STEPS:
        what = "it has too many repeats that can share the same text, and can take hours to match"
        raise PatternError(what, "write fewer of * + ?, or what ends each, as in [^/]+/ for .*/")


def joined(patterns: tuple[str, ...]) -> str:
    """One pattern that matches what any of these does; `(?i)` stays with the pattern that begins so."""
    return "|".join(f"(?i:{each[4:]})" if each.startswith("(?i)") and len(patterns) > 1 else each for each in patterns)


def _refuse_other_readings(pattern: str) -> None:
    if not _SAME_IN_BOTH.fullmatch(pattern):
        what = "it uses more of RE2 than is read alike everywhere"
        remedy = "write it with characters, classes as in [0-9], \\d, \\w, groups, | and the repeats ? * + {2,3}"
        raise PatternError(what, remedy)
    if _IGNORE_CASE in pattern and not pattern.isascii():
        raise PatternError("(?i) does not go with letters outside of ASCII", "write both, as in [Éé]")


def _for_python(token: re.Match[str]) -> str:
    """`$` is the very end in RE2; in Python it is before a last newline too."""
    return r"\Z" if token[0] == "$" else token[0]


class _Piece(NamedTuple):
    """A part of a pattern: in how many ways it can match at one place at the most, and the steps to find them all."""

    ways: float
    steps: float


class _Reader:
    """Reads tokens from the left, adding up what each group can take: its ways multiply with those behind it."""

    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def group(self, *, outermost: bool = False) -> _Piece:
        """All alternatives up to the end of the group.  The outermost one is followed by the end of the value."""
        every, this = _Piece(0.0, 0.0), _Piece(1.0, 1.0)
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token["bar"]:
                every, this = _either(every, this), _Piece(1.0, 1.0)
            elif token["close"]:
                break
            else:
                this = _then(this, self._item(token, outermost=outermost))
        return _either(every, this)

    def _item(self, token: re.Match[str], *, outermost: bool) -> _Piece:
        """One character or one group, with the repeat behind it."""
        inner = self.group() if token["open"] else _Piece(1.0, 1.0)
        least, most = self._repeat()
        if least == most == 1:
            return inner
        if token["open"]:
            return _repeated(inner, least, most)
        steps = max(1.0, min(most, LONGEST_VALUE))
        if self._at_end() and outermost:
            return _Piece(1.0, 1.0 if token[0] == "." and most == inf else steps)  # `.*` there never has to go back
        return _Piece(1.0 if self._ends_before_next(token["one"]) else max(1.0, steps - least + 1), steps)

    def _repeat(self) -> tuple[int, float]:
        """How often the last item comes: at the least, at the most."""
        text = self._tokens[self._at]["repeat"] if self._at < len(self._tokens) else None
        if not text:
            return 1, 1
        self._at += 1
        if text[0] in "*+?":
            return int(text[0] == "+"), 1 if text[0] == "?" else inf
        least, comma, most = text.rstrip("?").strip("{}").partition(",")
        return int(least), int(most or (inf if comma else least)) if most or not comma else inf

    def _at_end(self) -> bool:
        return self._at == len(self._tokens) or self._tokens[self._at]["bar"] is not None

    def _ends_before_next(self, repeated: str) -> bool:
        """Whether the next item is a character, surely there, that cannot be one of the repeated ones."""
        following, behind = (*self._tokens[self._at : self._at + 2], None, None)[:2]
        if following is None or (behind is not None and behind["repeat"] and behind["repeat"][0] != "+"):
            return False
        character = (following["one"] or "").removeprefix("\\")
        if len(character) != 1 or following["one"] in _NO_CHARACTERS:
            return False
        flags = re.ASCII | re.DOTALL
        return not any(re.fullmatch(repeated, character, flags | case) for case in (re.NOFLAG, re.IGNORECASE))


def _then(first: _Piece, second: _Piece) -> _Piece:
    return _Piece(first.ways * second.ways, first.steps + first.ways * second.steps)


def _either(one: _Piece, other: _Piece) -> _Piece:
    return _Piece(one.ways + other.ways, one.steps + other.steps)


def _repeated(inner: _Piece, least: int, most: float) -> _Piece:
    if inner.ways > 1 and most == inf:
        return _Piece(inf, inf)
    ways, this = 0.0, _Piece(1.0, 1.0)
    for count in range(int(min(most, LONGEST_VALUE)) + 1):
        ways += this.ways if count >= least else 0.0
        this = _then(this, inner)
    return _Piece(ways, this.steps)
