"""What a declaration says reaches the help, the check of a value, and the form of a template alike."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.command.options.arguments import OptionParser, parse
from pipelines.command.options.option import Option
from pipelines.command.print.sizes import parse_count, parse_size
from transforms.errors import UsageError

SIZE, COUNT = Option("--size", "size", "").regex(), Option("--count", "count", "").regex()


def parser() -> OptionParser:
    made = OptionParser("take", "Take it.", beam=False)
    made.group("Source")
    made.add_text("--instance", "id of it, 100% yours", example="my-instance", pattern="^[a-z-]+$")
    made.add_list("--table", "some tables", label="Tables", example="a,b", pattern="^[a-z, ]+$")
    made.group("How")
    made.add_choice(
        "--moment",
        "of when it is",
        choices={"now": "Right now", "then": "Back then", "never": "Never"},
        default="now",
        distant_default="then",
        local_choices=("now",),
    )
    made.add_count("--writers", "so many at once", default=4)
    made.add_flag("--json", "print JSON", template=False)
    return made


def help_of(made: OptionParser) -> str:
    return " ".join(made.format_help().split())


def declared(name: str) -> Option:
    return next(option for option in parser().declared if option.name == name)


def refusal(*argv: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse(parser(), argv)
    return str(caught.value)


def test_options_are_declared_in_order_each_in_its_group() -> None:
    assert [(option.group, option.name) for option in parser().declared] == [
        ("Source", "--instance"),
        ("Source", "--table"),
        ("How", "--moment"),
        ("How", "--writers"),
        ("How", "--json"),
    ]


def test_the_help_has_the_same_groups_in_the_same_order() -> None:
    titles = re.findall(r"^(\w+):$", parser().format_help(), re.MULTILINE)
    assert titles == ["options", "Source", "How"]


def test_the_help_shows_examples_and_defaults() -> None:
    text = help_of(parser())
    assert "id of it, 100% yours; example: my-instance" in text
    assert "some tables; example: a,b" in text
    assert "so many at once (default 4)" in text
    assert "of when it is (default now on this machine, then on engines elsewhere)" in text


def test_a_label_is_the_name_in_words_unless_one_is_given() -> None:
    assert [option.title() for option in parser().declared] == ["Instance", "Tables", "Moment", "Writers", "Json"]
    assert Option("--into_source", "flag", "").title() == "Into source"


@pytest.mark.parametrize("value", ["My-Instance", "a/b", "my-instance\n", " my-instance", "1", "my-instance,"])
def test_a_value_that_does_not_match_as_a_whole_is_refused_with_an_example(value: str) -> None:
    told = refusal(f"--instance={value}")
    advice = "write it as in --instance=my-instance (id of it, 100% yours)"
    assert told == f"--instance: the value is not of the right form; {advice}"


def test_a_value_of_the_wrong_form_is_not_repeated_since_it_may_be_a_secret() -> None:
    assert "hunter2" not in refusal("--instance=hunter2")


def test_a_list_is_read_first_and_matched_then() -> None:
    assert refusal("--table=a,") == "--table: 'a,' has an empty item; write it as a,b,c"
    assert (
        refusal("--table=A") == "--table: the value is not of the right form; write it as in --table=a,b (some tables)"
    )
    assert parse(parser(), ["--table=a, b"])[0].table == ("a", "b")


def test_a_default_that_depends_on_the_engine_is_left_to_who_knows_it() -> None:
    assert parse(parser(), [])[0].moment is None
    assert parse(parser(), ["--moment=now"])[0].moment == "now"
    assert "invalid choice: 'soon'" in refusal("--moment=soon")


def test_a_word_for_this_machine_is_none_elsewhere() -> None:
    assert declared("--moment").distant_choices() == [("then", "Back then"), ("never", "Never")]
    assert declared("--moment").regex() == "^(then|never)$"


def test_a_count_may_have_a_default() -> None:
    assert parse(parser(), [])[0].writers == 4
    assert parse(parser(), ["--writers=7"])[0].writers == 7


def test_a_folder_is_required_and_any_text() -> None:
    made = OptionParser("take", "Take it.", beam=False)
    made.add_folder("--vault", "where", written=True)
    assert parse(made, ["--vault=a b/c"])[0].vault == "a b/c"
    with pytest.raises(UsageError, match="required: --vault"):
        parse(made, [])


@given(st.one_of(st.text("0123456789.KkMmGgTtPpiIbB \n"), st.from_regex(SIZE, fullmatch=True)))
@example("1 KiB")
@example("1 k")
@example("1TiB")
@example("1 pb")
@example("1.5")
@example("5 ")
def test_what_the_form_takes_for_a_size_is_what_the_command_takes(text: str) -> None:
    assert accepted(parse_size, text, "must be at least one byte") == bool(re.fullmatch(SIZE, text))


@given(st.one_of(st.text("0123456789 +-_\n", max_size=18), st.from_regex("[0-9]{1,18}", fullmatch=True)))
@example("007")
@example("0")
def test_what_the_form_takes_for_a_count_is_what_the_command_takes(text: str) -> None:
    assert accepted(parse_count, text, "no other way") == bool(re.fullmatch(COUNT, text))


def accepted(read: object, text: str, but: str) -> bool:
    """Whether a value is read, or is refused for what no regex can say."""
    try:
        read(text, "--option")  # type: ignore[operator]
    except UsageError as error:
        return but in str(error)
    return True
