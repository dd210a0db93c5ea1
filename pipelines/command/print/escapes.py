"""Text from outside, made safe for a terminal: control characters are shown as escapes.

Messages of a server, names of tables and the content of a vault may have control characters, which move the cursor,
change what was printed or type for the user (ECMA-48), and characters that change the direction of text, so that other
words seem to be there (Unicode Standard Annex 9, "Explicit Directional Formatting Characters").
"""

import re

# Printable characters are visible; line feeds and tabs are layout.
_LAID_OUT = re.compile(r"[^\n\t]+")


def one_line(text: str) -> str:
    r"""The text in one line: every invisible character becomes an escape, such as `\n` or `\x1b`."""
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str) -> str:
    """The text with its line feeds and tabs; every other invisible character becomes an escape."""
    return text if text.isprintable() else _LAID_OUT.sub(lambda part: one_line(part[0]), text)


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
