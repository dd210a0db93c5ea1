"""A text of SQL cut into its statements, as the server's scanner and psql's cut it.

The rules are those of `src/backend/parser/scan.l` and, for the bodies of SQL functions (`BEGIN ATOMIC .. END`),
`src/fe_utils/psqlscan.l`. Nothing that is trusted hangs on them: whoever runs a statement sends it by the extended
protocol, which takes one only.
"""

import re
from collections.abc import Iterator

# A plain string's backslashes are signs like others: who writes with standard_conforming_strings off doubles them.
_TOKEN = re.compile(
    rb"""
    (?P<blank> \s+ | --[^\n\r]* )
    | (?P<comment> /\* )
    | [eE] '[^'\\]*(?:(?:''|\\.)[^'\\]*)*' (?: \s*\n\s* '[^'\\]*(?:(?:''|\\.)[^'\\]*)*' )*
    | '[^']*(?:''[^']*)*'
    | "[^"]*(?:""[^"]*)*"
    | (?P<open> [eE]?' | " )
    | (?P<dollar> \$ (?:[a-zA-Z_\x80-\xff][a-zA-Z_0-9\x80-\xff]*)? \$ )
    | (?P<word> [a-zA-Z_\x80-\xff][a-zA-Z_0-9$\x80-\xff]* )
    | (?P<sign> [;()] )
    | [^\s;()'"$/\-a-zA-Z_\x80-\xff]+ | .
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(rb"/\*|\*/")
# What `CREATE FUNCTION`, with `OR REPLACE` or without, begins with: its body may hold semicolons.
_ROUTINE = re.compile(rb"create\s+(?:or\s+replace\s+)?(?:function|procedure)\b", re.IGNORECASE)


def statements(text: bytes) -> list[bytes]:
    """The statements of a text, each without the semicolon, blanks and comments around it; those of nothing are none.

    Raises:
        ValueError: if a quote or a comment is left open.
    """
    if b";" not in text and not text.lstrip().startswith((b"--", b"/*")):
        return [stripped] if (stripped := text.strip()) else []
    return list(_statements(text))


def _statements(text: bytes) -> Iterator[bytes]:
    begin = end = None  # of the statement: its first token and the end of its last
    parens = depth = 0
    for kind, start, stop in _tokens(text):
        token = text[start:stop]
        if token == b";" and parens == 0 and depth == 0:
            if begin is not None:
                yield text[begin:end]
            begin = None
            continue
        if begin is None:
            begin, parens, depth = start, 0, 0
        end = stop
        if kind == "sign":
            parens = max(0, parens + (token == b"(") - (token == b")"))
        elif kind == "word" and parens == 0:
            depth = _depth(text, begin, depth, token.lower())
    if begin is not None:
        yield text[begin:end]


def _depth(text: bytes, begin: int, depth: int, word: bytes) -> int:
    """How many BEGIN and CASE of a routine's body are open after a word."""
    if depth == 0:
        return int(word == b"begin" and _ROUTINE.match(text, begin) is not None)
    return depth + (word in (b"begin", b"case")) - (word == b"end")


def _tokens(text: bytes) -> Iterator[tuple[str | None, int, int]]:
    """Kind, start and end of what is neither blank nor comment."""
    at = 0
    while found := _TOKEN.match(text, at):
        kind, start, at = found.lastgroup, at, found.end()
        if kind == "open":
            raise ValueError(f"a quote is left open at byte {start}")
        if kind == "comment":
            at = _end_of_comment(text, start)
        elif kind == "dollar":
            at = _end_of_dollars(text, found[0], at)
        if kind not in ("blank", "comment"):
            yield kind, start, at


def _end_of_comment(text: bytes, start: int) -> int:
    """Comments hold comments."""
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
