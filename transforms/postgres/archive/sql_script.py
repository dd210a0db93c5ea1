"""Splits SQL text into statements, as the server's scanner and psql's do.

The rules are those of `src/backend/parser/scan.l` and, for the bodies of SQL functions (`BEGIN ATOMIC .. END`),
`src/fe_utils/psqlscan.l`. Safety does not depend on them: a statement is sent by the extended protocol, which takes
only one.
"""

import re
from collections.abc import Iterator

# Not after a character of a word: a word or a quote may begin here.
_AFRESH = rb"(?<![a-zA-Z0-9_$\x80-\xff])"
# Matches only what can contain or end a statement. In a plain string a backslash is a character like others: with
# standard_conforming_strings off, pg_dump doubles it.
_MARK = re.compile(
    rb"""
    (?P<comment> /\* | --[^\n\r]* )
    | AFRESH[eE] '[^'\\]*(?:(?:''|\\.)[^'\\]*)*' (?: \s*\n\s* '[^'\\]*(?:(?:''|\\.)[^'\\]*)*' )*
    | AFRESH(?P<escape> [eE]' )
    | '[^']*(?:''[^']*)*'
    | "[^"]*(?:""[^"]*)*"
    | (?P<open> ['"] )
    | AFRESH(?P<dollar> \$ (?:[a-zA-Z_\x80-\xff][a-zA-Z_0-9\x80-\xff]*)? \$ )
    | AFRESH(?P<word> (?i:begin|case|end) ) (?![a-zA-Z0-9_$\x80-\xff])
    | (?P<sign> [;()] )
    """.replace(b"AFRESH", _AFRESH),
    re.VERBOSE | re.DOTALL,
)
# In a text without any of these, each semicolon outside of parentheses ends a statement.
_HOLDING = (b"'", b'"', b"$", b"--", b"/*", b"begin")
_BLANK = re.compile(rb"(?:\s+|--[^\n\r]*)*")
_COMMENT = re.compile(rb"/\*|\*/")
# The beginning of a statement whose body may hold semicolons.
_ROUTINE = re.compile(rb"create\s+(?:or\s+replace\s+)?(?:function|procedure)\b", re.IGNORECASE)


def statements(text: bytes) -> list[bytes]:
    """The statements of a text, each without its semicolon and surrounding blanks; empty ones are left out.

    Raises:
        ValueError: if a quote or a comment is left open.
    """
    folded = text.lower()
    if not any(sign in folded for sign in _HOLDING):  # the fast way for most texts
        pieces = [piece for part in text.split(b";") if (piece := part.strip())]
        if all(piece.count(b"(") == piece.count(b")") for piece in pieces):
            return pieces
    return list(_statements(text))


def _statements(text: bytes) -> Iterator[bytes]:
    begin = at = _begin(text, 0)
    parens = depth = 0
    while found := _MARK.search(text, at):
        kind, at = found.lastgroup, _end(text, found)
        if kind == "word":
            depth = _depth(text, begin, depth, found[0].lower()) if parens == 0 else depth
        elif kind == "sign" and found[0] != b";":
            parens = max(0, parens + (1 if found[0] == b"(" else -1))
        elif kind == "sign" and parens == depth == 0:
            if found.start() > begin:
                yield text[begin : found.start()].rstrip()
            begin = _begin(text, at)
            at = begin
    if begin < len(text):
        yield text[begin:].rstrip()


def _begin(text: bytes, at: int) -> int:
    """Where the next statement begins, after blanks and comments."""
    while (blank := _BLANK.match(text, at)) and text.startswith(b"/*", blank.end()):
        at = _end_of_comment(text, blank.end())
    return blank.end() if blank else at


def _depth(text: bytes, begin: int, depth: int, word: bytes) -> int:
    """How many BEGINs and CASEs of a routine's body are open after a word."""
    if depth == 0:
        return int(word == b"begin" and _ROUTINE.match(text, begin) is not None)
    return depth + (word != b"end") - (word == b"end")


def _end(text: bytes, mark: re.Match[bytes]) -> int:
    """Where the comment, quote or word that begins with a mark ends."""
    if mark.lastgroup in ("open", "escape"):
        raise ValueError(f"a quote is left open at byte {mark.start()}")
    if mark[0] == b"/*":
        return _end_of_comment(text, mark.start())
    return _end_of_dollars(text, mark[0], mark.end()) if mark.lastgroup == "dollar" else mark.end()


def _end_of_comment(text: bytes, start: int) -> int:
    """Where a comment ends; comments may be nested."""
    depth = 0
    for found in _COMMENT.finditer(text, start):
        depth += 1 if found[0] == b"/*" else -1
        if depth == 0:
            return found.end()
    raise ValueError(f"a comment is left open at byte {start}")


def _end_of_dollars(text: bytes, tag: bytes, at: int) -> int:
    end = text.find(tag, at)
    if end < 0:
        raise ValueError(f"a quote {tag!r} is left open at byte {at}")
    return end + len(tag)
