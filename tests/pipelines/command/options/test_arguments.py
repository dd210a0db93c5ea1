"""Options are whole words given once; Beam's pass through; everything else is an error that helps."""

import subprocess
import sys
from collections.abc import Sequence

import pytest
from apache_beam.options.pipeline_options import DirectOptions, GoogleCloudOptions, PipelineOptions, StandardOptions
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.options.arguments import OptionParser, parse
from pipelines.command.options.beam_names import OPTIONS
from pipelines.command.options.bigtable import ALIASES
from pipelines.command.options.values import parse_list
from transforms.errors import UsageError


def backup_parser(beam: bool = True) -> OptionParser:
    parser = OptionParser("bigtable-backup", "Back up tables.", beam=beam)
    parser.add_text("--vault", "where", required=True)
    parser.add_text("--bigtable_project", "project")
    parser.add_text("--instance", "instance")
    parser.add_list("--table", "tables")
    parser.add_text("--app_profile", "profile")
    parser.add_size("--chunk_size", "chunk", default="1MiB")
    parser.add_count("--ranges", "ranges")
    parser.add_choice("--if_exists", "what then", choices=["refuse", "append"], default="refuse")
    parser.add_flag("--json", "print JSON")
    return parser


def refusal(argv: Sequence[str], beam: bool = True) -> str:
    with pytest.raises(UsageError) as caught:
        parse(backup_parser(beam), argv, ALIASES)
    return str(caught.value)


def test_values_may_follow_an_equals_sign_or_a_space() -> None:
    ours, _ = parse(backup_parser(), ["--vault=/v", "--table", "a,b", "--chunk_size=64KiB", "--ranges", "97"])
    assert (ours.vault, ours.table, ours.chunk_size, ours.ranges) == ("/v", ("a", "b"), 65536, 97)


def test_what_is_not_given_has_its_default() -> None:
    ours, _ = parse(backup_parser(), ["--vault=/v"])
    assert vars(ours) == {
        "vault": "/v",
        "bigtable_project": None,
        "instance": None,
        "table": (),
        "app_profile": None,
        "chunk_size": 1048576,
        "ranges": None,
        "if_exists": "refuse",
        "json": False,
    }


@pytest.mark.parametrize(
    ("argument", "value"),
    [("--json", True), ("--json=true", True), ("--json=True", True), ("--json=false", False), ("--json=FALSE", False)],
)
def test_a_flag_takes_a_value_as_flex_templates_pass_it(argument: str, value: bool) -> None:
    assert parse(backup_parser(), ["--vault=/v", argument])[0].json is value


def test_beam_gets_its_own_options_and_reads_them_as_given() -> None:
    argv = ["--runner", "FlinkRunner", "--vault=/v", "--project=p", "--direct_num_workers", "2", "--streaming"]
    _, beams = parse(backup_parser(), [*argv, "--experiments=a", "--experiments=b", "--json"])
    options = PipelineOptions(beams)
    assert beams == [*argv[:2], *argv[3:], "--experiments=a", "--experiments=b"]
    assert options.view_as(StandardOptions).runner == "FlinkRunner"
    assert options.view_as(StandardOptions).streaming is True
    assert options.view_as(GoogleCloudOptions).project == "p"
    assert options.view_as(DirectOptions).direct_num_workers == 2


def test_the_runner_is_named_even_if_nobody_named_it() -> None:
    assert parse(backup_parser(), ["--vault=/v"])[1] == ["--runner=FnApiRunner"]
    assert parse(backup_parser(), ["--vault=/v", "--project=p"])[1] == ["--project=p", "--runner=FnApiRunner"]


@pytest.mark.parametrize(
    ("option", "near"),
    [
        ("--tabel=x", "--table"),
        ("--vaul", "--vault"),
        ("--if-exists=append", "--if_exists"),
        ("--chunkSize=1", "--chunk_size"),
        ("--direct_num_worker=2", "--direct_num_workers"),
        ("--bigtableTablId=x", "--bigtableTableId"),
        ("-vault=x", "--vault"),
    ],
)
def test_an_unknown_option_is_refused_with_the_nearest_match(option: str, near: str) -> None:
    assert refusal([option]) == f"unknown option {option.partition('=')[0]}; did you mean {near}?"


def test_an_option_like_no_other_points_at_the_help() -> None:
    assert refusal(["--qqqq"]) == "unknown option --qqqq; see shardkeep bigtable-backup --help"


def test_options_are_never_abbreviated() -> None:
    assert "unknown option --tab" in refusal(["--vault=/v", "--tab=x"])


def test_a_command_without_a_job_has_none_of_beams_options() -> None:
    assert "unknown option --project" in refusal(["--vault=/v", "--project=p"], beam=False)
    assert parse(backup_parser(beam=False), ["--vault=/v"])[1] == []


@pytest.mark.parametrize("beam", [True, False])
def test_a_word_that_belongs_to_no_option_is_refused(beam: bool) -> None:
    assert refusal(["--vault=/v", "stray"], beam).startswith("unexpected argument 'stray'")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "the following arguments are required: --vault; see shardkeep bigtable-backup --help"),
        (["--vault"], "--vault: expected one argument; see shardkeep bigtable-backup --help"),
        (["--vault="], "--vault has an empty value; give one, or leave the option out"),
        (["--vault=/v", "--json=maybe"], "--json: 'maybe' is neither true nor false"),
        (["--vault=/v", "--table=a,"], "--table: 'a,' has an empty item; write it as a,b,c"),
        (["--vault=/v", "--table=a,b,a"], "--table: 'a' is there more than once; name it once"),
        (["--vault=/v", "--table=a", "--table=b"], "--table is given 2 times; give it once (a list has commas: a,b,c)"),
        (
            ["--vault=/v", "--direct_num_workers=x"],
            "--direct_num_workers: invalid int value: 'x' (an option of Apache Beam)",
        ),
    ],
)
def test_a_bad_value_is_one_clear_error(argv: list[str], message: str) -> None:
    assert refusal(argv) == message


def test_a_word_that_is_none_of_the_choices_is_refused() -> None:
    assert refusal(["--vault=/v", "--if_exists=drop"]).startswith("--if_exists: invalid choice: 'drop'")


def test_googles_names_are_taken_for_ours() -> None:
    googles = ["--bigtableProjectId=p", "--bigtableInstanceId", "i", "--bigtableTableId=t", "--bigtableAppProfileId=a"]
    ours, _ = parse(backup_parser(), ["--vault=/v", *googles], ALIASES)
    assert (ours.bigtable_project, ours.instance, ours.table, ours.app_profile) == ("p", "i", ("t",), "a")


def test_one_option_under_both_of_its_names_is_given_twice() -> None:
    assert refusal(["--vault=/v", "--table=a", "--bigtableTableId=b"]).startswith("--table is given 2 times")


def test_no_option_of_ours_is_one_of_beams() -> None:
    ours = (
        "vault bigtable_project instance table app_profile chunk_size shard_size ranges name plan_only json "
        "backup source if_exists into_source gc level"
    )
    assert OPTIONS.isdisjoint(f"--{name}" for name in ours.split())
    assert {"--project", "--region", "--runner", "--parallelism", "--dry_run"} <= OPTIONS


def test_options_of_ours_and_help_are_read_without_importing_beam() -> None:
    code = (
        "import sys\n"
        "from pipelines.command import dispatch\n"
        "from pipelines.command.options.arguments import OptionParser, parse\n"
        "p = OptionParser('list', 'List.', beam=False)\n"
        "p.add_text('--vault', 'where')\n"
        "parse(p, ['--vault=x'])\n"
        "dispatch.main(['--help'])\n"
        "sys.exit('apache_beam' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_help_names_every_option_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(backup_parser(), ["--help", "--nonsense"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert all(name in out for name in backup_parser().option_names())


@given(st.lists(st.text(st.characters(exclude_characters=",", exclude_categories=["Z", "C"]), min_size=1), unique=True))
def test_a_list_keeps_its_items_and_their_order(items: list[str]) -> None:
    if items:
        assert parse_list(" , ".join(items), "--table") == tuple(items)
