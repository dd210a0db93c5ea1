from pipelines.command.options.option import Option
from templates.parameter import help_text, parameter, regexes


def test_a_parameter_has_the_option_in_googles_fields_and_none_without_a_value() -> None:
    option = Option("--ranges", "count", "ranges of a table", required=False, default="", example="64")
    assert parameter(option) == {
        "name": "ranges",
        "label": "Ranges",
        "helpText": "Ranges of a table. Example: 64",
        "paramType": "NUMBER",
        "isOptional": True,
        "regexes": ["^0*[1-9][0-9]*$"],
    }


def test_a_flag_is_false_unless_it_is_given() -> None:
    assert parameter(Option("--plan", "flag", "show it", required=False, default=""))["defaultValue"] == "false"


def test_a_folder_must_be_on_cloud_storage() -> None:
    [pattern] = regexes(Option("--vault", "folder to read", "the vault", required=True, default=""))
    assert pattern.startswith("^gs://")
    assert help_text(Option("--x", "text", "a text", required=True, default="")) == "A text."
