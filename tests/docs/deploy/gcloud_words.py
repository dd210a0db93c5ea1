"""Values of flags, as gcloud reads them."""

import re


def flag(call: list[str], name: str) -> str:
    [value] = [word.partition("=")[2] for word in call if word.startswith(f"{name}=")]
    return value


def items(value: str) -> list[str]:
    """A list of gcloud's, with commas or with the separator that it begins with: `gcloud topic escaping`."""
    found = re.match(r"\^(.+?)\^", value)
    return value[found.end() :].split(found[1]) if found else value.split(",")


def dictionary(call: list[str], name: str) -> dict[str, str]:
    values = [word.partition("=")[2] for word in call if word.startswith(f"{name}=")]
    pairs = [item.partition("=") for value in values for item in items(value)]
    assert all(equals for _, equals, _ in pairs), pairs
    return {key: value for key, _, value in pairs}
