"""The names of Beam's options and runners that are written down are those of the Beam that is installed."""

import subprocess
import sys

from apache_beam.options.pipeline_options import StandardOptions

from pipelines.command.options.beam_names import OPTIONS, RUNNERS


def test_the_options_are_beams() -> None:
    # In a process of its own: a test of another file may have imported further options.
    code = "from pipelines.command.options.beam import beam_parser; print(*beam_parser()._option_string_actions)"
    printed = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert set(printed.split()) == OPTIONS


def test_the_runners_are_beams() -> None:
    assert set(StandardOptions.KNOWN_RUNNER_NAMES) == set(RUNNERS)
