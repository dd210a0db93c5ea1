"""The parameters of the templates, as tests ask for them."""

import importlib
from typing import Any, cast

from pipelines.command.options.arguments import OptionParser
from templates.metadata import metadata_of


def parser_of(name: str) -> OptionParser:
    return cast(OptionParser, importlib.import_module(f"pipelines.{name}").options())


def parameters(name: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in metadata_of(name)["parameters"]}


def example(parameter: dict[str, Any]) -> str:
    return str(parameter["helpText"]).partition(" Example: ")[2]


def complete(name: str, given: str, value: str) -> list[str]:
    """An option with a value, and all others that are required, as their examples."""
    required = [each for each in parameters(name).values() if not each["isOptional"] and each["name"] != given]
    return [f"--{given}={value}", *(f"--{each['name']}={example(each)}" for each in required)]
