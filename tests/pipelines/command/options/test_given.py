import pytest

from pipelines.command.options.given import given_names, refuse_repeated
from transforms.errors import UsageError


def test_names_are_those_of_options_and_not_negative_numbers() -> None:
    assert given_names(["--a=1", "--b", "x", "-1.5", "-v", "--a"]) == ["--a", "--b", "-v", "--a"]


def test_an_own_option_may_be_given_once_and_one_of_beams_more_often() -> None:
    refuse_repeated(["--table", "--label", "--label"], {"--table"})
    with pytest.raises(UsageError, match=r"^--table is given 3 times"):
        refuse_repeated(["--table"] * 3, {"--table"})
