"""The order in which a table is read: by its key, or as its rows lie in its file."""

from dataclasses import dataclass, replace

from transforms.errors import UsageError
from transforms.postgres.catalog.relation import CTID, KEY, Relation

WORDS = ("auto", "key", "physical")
# Since PostgreSQL 14 a condition on ctid is a range scan; before, each range would read the whole table.
SINCE_TID_RANGE = 14
FOLLOWS = 0.9
"""Least correlation of a key with the file's order for reading by it to be sequential."""
SMALL = 32 << 20
"""Most bytes of a table that stays in the server's memory, so that the order of reading does not matter."""


@dataclass(frozen=True, slots=True)
class ReadOrder:
    """How the order is chosen.

    Attributes:
        word: `"auto"`, `"key"` (if there is one) or `"physical"` (if possible).
        major: The server's major version.
        is_frozen: Whether all ranges are read as of one moment; else a row that is updated meanwhile could be in two
            physical ranges, or in none.
    """

    word: str
    major: int
    is_frozen: bool

    def __post_init__(self) -> None:
        """Refuse what is possible for no table.

        Raises:
            UsageError: for an unknown word, and for a physical order that would lose rows or time.
        """
        if self.word not in WORDS:
            raise UsageError(f"--order={self.word}: it must be one of {', '.join(WORDS)}.")
        if self.word == "physical" and not self.is_frozen:
            raise UsageError("--order=physical needs one moment for all ranges: --consistency=snapshot, not fuzzy.")
        if self.word == "physical" and self.major < SINCE_TID_RANGE:
            raise UsageError(f"--order=physical needs PostgreSQL {SINCE_TID_RANGE} or later; this is {self.major}.")

    def choose(self, relation: Relation) -> Relation:
        """The table with its order, and with whether it may be cut in that order."""
        if relation.key and self._prefers_key(relation):
            return replace(relation, order=KEY, is_divisible=True)
        return replace(relation, order=CTID, is_divisible=self._may_cut_file(relation))

    def _prefers_key(self, relation: Relation) -> bool:
        if self.word == "key" or not self._may_cut_file(relation):
            return True
        return self.word == "auto" and (relation.bytes < SMALL or abs(relation.correlation or 0) >= FOLLOWS)

    def _may_cut_file(self, relation: Relation) -> bool:
        return self.is_frozen and self.major >= SINCE_TID_RANGE and relation.access_method == "heap"
