"""`--runner`: Beam's words for the engine on one machine are FnApiRunner, and nothing is looked for elsewhere."""

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.runners.runner import create_runner

from pipelines.command.job.engine import Engine, open_pipeline
from pipelines.command.options.beam import check_beam_arguments
from pipelines.command.options.beam_names import RUNNERS
from pipelines.command.options.runners import name_runner, runner_of
from transforms.errors import UsageError


@pytest.mark.parametrize(
    "word",
    ["DirectRunner", "directrunner", "Direct", "direct_runner", "SwitchingDirectRunner", "BundleBasedDirectRunner"],
)
def test_beams_words_for_one_machine_are_the_engine_in_this_process(word: str) -> None:
    arguments = check_beam_arguments([f"--runner={word}"])
    assert arguments == ["--runner=FnApiRunner"]
    assert Engine.of(arguments).is_here
    assert type(open_pipeline(Engine.of(arguments)).runner) is FnApiRunner


def test_direct_runner_looks_for_no_other_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    from apache_beam.runners.portability import prism_runner

    def asked(*_: object) -> None:
        raise AssertionError("Prism was looked for, which downloads it")

    monkeypatch.setattr(prism_runner.PrismRunner, "run_pipeline", asked)
    with open_pipeline(Engine.of(check_beam_arguments(["--runner=DirectRunner"]))) as pipeline:
        pipeline | beam.Create([1]) | beam.Map(lambda one: one + 1)


@pytest.mark.parametrize("name", sorted(set(RUNNERS) - {"InteractiveRunner"}))
def test_a_runner_is_what_beam_takes_it_for(name: str) -> None:
    for word in (name, name.lower(), name.removesuffix("Runner")):
        meant = runner_of(word)
        assert meant == "FnApiRunner" if "Direct" in name else type(create_runner(word)) is type(create_runner(meant))


def test_the_runner_keeps_its_place_among_beams_arguments() -> None:
    assert name_runner(["--a", "--runner", "flink", "--b=--runner"]) == [
        "--a",
        "--runner",
        "FlinkRunner",
        "--b=--runner",
    ]
    assert name_runner(["--runner=prism", "--a"]) == ["--runner=PrismRunner", "--a"]
    assert name_runner(["--a"]) == ["--a", "--runner=FnApiRunner"]
    assert name_runner(["--runner=my.module.Runner"]) == ["--runner=my.module.Runner"]


def test_no_runner_of_beams_is_a_usage_error() -> None:
    with pytest.raises(
        UsageError, match=r"^--runner=Foo: Apache Beam has no such runner; the engines are DataflowRunner,"
    ):
        runner_of("Foo")
    with pytest.raises(UsageError, match=r"did you mean FlinkRunner"):
        runner_of("FlinkRuner")
    with pytest.raises(UsageError, match=r"^--runner: expected one argument"):
        check_beam_arguments(["--runner"])


@pytest.mark.parametrize("option", ["--pickle_library=dill", "--runner=no_such_module.Runner"])
def test_what_is_not_installed_is_a_usage_error(option: str) -> None:
    with pytest.raises(UsageError, match=r"^Beam's options ask for what is not installed here: "):
        open_pipeline(Engine.of(check_beam_arguments([option])))
