"""Text of others, made safe for a terminal: what a terminal would act on is shown as an escape.

A server's words, names of tables and what a vault holds may have control characters, which move the cursor, change
what was printed or type for the user (ECMA-48), and characters that turn the direction of text, which show other words
than there are (Unicode Standard Annex 9, "Explicit Directional Formatting Characters").
"""

import re

# What a person can see is printable; new lines and tabs lay text out.
_LAID_OUT = re.compile(r"[^\n\t]+")


def one_line(text: str) -> str:
    r"""The text in one line: every character that cannot be seen is an escape, as in `\n` and `\x1b`."""
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str) -> str:
    """The text with its lines and tabs, and with every other character that cannot be seen as an escape."""
    return text if text.isprintable() else _LAID_OUT.sub(lambda part: one_line(part[0]), text)


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
