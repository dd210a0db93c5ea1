import pytest

from pipelines.command.options.nearest import nearest

KNOWN = ["--table", "--exclude_table", "--chunk_size", "--vault"]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("--tabel", "--table"),
        ("--chunk-size", "--chunk_size"),
        ("--ChunkSize", "--chunk_size"),
        ("vault", "--vault"),
        ("--zzz", None),
        ("", None),
    ],
)
def test_the_most_similar_word_is_found_whatever_its_case_and_dashes(word: str, found: str | None) -> None:
    assert nearest(word, KNOWN) == found
