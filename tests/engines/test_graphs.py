"""The graphs are such that every engine can take them, which is seen in the graphs themselves."""

from dataclasses import replace
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.portability import common_urns
from apache_beam.pvalue import PBegin, PCollection

from tests.memory_room import by_hand
from tests.memory_room.database import new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.target import MemoryTarget
from tests.memory_room.vaults import MemoryVault, take
from transforms.backup import Backup
from transforms.restore import Restore
from transforms.verify import LEVELS, Verify

Graph = beam.PTransform[PBegin, Any]
FLATTEN = common_urns.primitives.FLATTEN.urn
RESHUFFLE = common_urns.composites.RESHUFFLE.urn


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> MemoryVault:
    return take(tmp_path_factory.mktemp("vault"))


def mixed_flattens(graph: Graph) -> list[str]:
    """The flattens of a graph that take something right from a reshuffle together with what is not."""
    pipeline = beam.Pipeline(runner="FnApiRunner")
    _ = pipeline | graph
    transforms = list(pipeline.to_runner_api().components.transforms.values())
    spread = {name for each in transforms if each.spec.urn == RESHUFFLE for name in each.outputs.values()}
    flattens = [each for each in transforms if each.spec.urn == FLATTEN]
    return [each.unique_name for each in flattens if len({name in spread for name in each.inputs.values()}) > 1]


def test_no_flatten_mixes_what_is_reshuffled_with_what_is_not(vault: MemoryVault) -> None:
    """Beam's fuser for Flink answers such a graph with `PCollectionNodes .. were consumed but never produced`."""
    backup = by_hand.new_work(vault.location, MemorySource(vault.database))
    restore = by_hand.restore_work(vault.committed, MemoryTarget(new_database()))
    graphs: list[Graph] = [Backup(backup), Backup(replace(backup, lanes=2)), Restore(restore)]
    graphs += [Verify(vault.work, level) for level in LEVELS[1:]]
    assert [mixed_flattens(graph) for graph in graphs] == [[]] * len(graphs)


def test_a_mixed_flatten_is_seen() -> None:
    assert mixed_flattens(Mixed()) == ["Mixed/Flatten"]


class Mixed(Graph):
    def expand(self, pbegin: PBegin) -> PCollection[int]:
        start = pbegin | beam.Create([1])
        flat: PCollection[int] = (start | "Other" >> beam.Map(abs), start | beam.Reshuffle()) | beam.Flatten()
        return flat
