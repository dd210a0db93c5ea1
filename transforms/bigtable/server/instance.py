"""A Bigtable instance, and the names and headers of requests to it."""

import base64
from dataclasses import dataclass
from urllib.parse import quote

from google.cloud.bigtable_v2.types import FeatureFlags

from transforms.identity import Identity

QUESTIONS = 32
"""Tables of an instance about which calls are made at the same time; each takes a round trip or two."""

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance, by project id and instance id, and the app profile to use ("" for the default one)."""

    project: str
    instance: str
    app_profile: str = ""

    @property
    def name(self) -> str:
        """Its resource name."""
        return f"projects/{self.project}/instances/{self.instance}"

    def table_name(self, table: str) -> str:
        """The resource name of one of its tables."""
        return f"{self.name}/tables/{table}"

    def identity(self) -> Identity:
        """Its identity, which does not depend on the app profile."""
        return Identity("bigtable", (("project", self.project), ("instance", self.instance)))

    def metadata(self, table: str) -> Metadata:
        """Headers of a request about a table: for routing, and the features that this client supports.

        The routing header's form is that of AIP-4222; the features header is the serialized
        `google.bigtable.v2.FeatureFlags` in URL-safe base64.
        """
        params = (
            f"table_name={quote(self.table_name(table), safe='')}&app_profile_id={quote(self.app_profile, safe='')}"
        )
        return (("x-goog-request-params", params), ("bigtable-features", _features()))


def _features() -> str:
    flags = FeatureFlags.pb(FeatureFlags(last_scanned_row_responses=True))
    return base64.urlsafe_b64encode(flags.SerializeToString()).decode()
