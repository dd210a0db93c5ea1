"""Values of options that are text: words, lists, true or false."""

from transforms.errors import UsageError


def parse_text(text: str, option: str) -> str:
    """The text itself.

    Raises:
        UsageError: It is empty.
    """
    if not text:
        raise UsageError(f"{option} has an empty value; give one, or leave the option out")
    return text


def parse_list(text: str, option: str) -> tuple[str, ...]:
    """The items of a list with commas, in their order, without the spaces around them.

    Raises:
        UsageError: An item is empty or repeated.
    """
    items = tuple(item.strip() for item in text.split(","))
    if "" in items:
        raise UsageError(f"{option}: {text!r} has an empty item; write it as a,b,c")
    repeated = [item for item in items if items.count(item) > 1]
    if repeated:
        raise UsageError(f"{option}: {repeated[0]!r} is there more than once; name it once")
    return items


def parse_flag(text: str, option: str) -> bool:
    """True or false, in upper or lower case.

    Raises:
        UsageError: The text is neither.
    """
    if text.lower() not in ("true", "false"):
        raise UsageError(f"{option}: {text!r} is neither true nor false")
    return text.lower() == "true"
