"""Names and headers of an instance, against the client library's own."""

import base64
from urllib.parse import parse_qsl

import pytest
from google.cloud.bigtable_v2 import BigtableClient
from google.cloud.bigtable_v2.types import FeatureFlags
from hypothesis import given
from hypothesis import strategies as st

from transforms.bigtable.server.instance import Instance

IDS = st.text(min_size=1, max_size=20)


def test_names_are_those_of_the_library() -> None:
    instance = Instance("my-project", "my-instance")
    assert instance.table_name("t") == BigtableClient.table_path("my-project", "my-instance", "t")
    assert instance.name == BigtableClient.instance_path("my-project", "my-instance")


@given(IDS, IDS, IDS, st.text(max_size=20))
def test_the_routing_header_is_ascii_and_reads_back(project: str, instance: str, table: str, profile: str) -> None:
    params = dict(Instance(project, instance, profile).metadata(table))["x-goog-request-params"]
    assert params.isascii()
    assert parse_qsl(params, keep_blank_values=True) == [
        ("table_name", f"projects/{project}/instances/{instance}/tables/{table}"),
        ("app_profile_id", profile),
    ]


def test_the_features_are_those_that_we_understand() -> None:
    features = dict(Instance("p", "i").metadata("t"))["bigtable-features"]
    flags = FeatureFlags.deserialize(base64.urlsafe_b64decode(features))
    assert flags == FeatureFlags(last_scanned_row_responses=True)


@pytest.mark.parametrize("profile", ["", "batch"])
def test_the_identity_is_the_instance_alone(profile: str) -> None:
    identity = Instance("p:example.com", "i", profile).identity()
    assert identity.room == "bigtable"
    assert identity.parts == (("project", "p:example.com"), ("instance", "i"))
    assert "/" not in identity.folder
