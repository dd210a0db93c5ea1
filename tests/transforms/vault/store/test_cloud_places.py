"""What --vault may name: a local folder, a bucket, or a folder of a bucket."""

import os

import pytest

from transforms.errors import UsageError
from transforms.vault.store.cloud import CloudStore
from transforms.vault.store.local import LocalStore
from transforms.vault.store.opening import absolute_location, is_local, open_store

GOOD = {
    "gs://bucket": ("gs://bucket", "bucket", ""),
    "gs://bucket/": ("gs://bucket", "bucket", ""),
    "gs://bucket/shop": ("gs://bucket/shop", "bucket", "shop"),
    "gs://my_bucket-1.example.com/a/b c/": ("gs://my_bucket-1.example.com/a/b c", "my_bucket-1.example.com", "a/b c"),
    "gs://bucket/größe/+%~": ("gs://bucket/größe/+%~", "bucket", "größe/+%~"),
}
BAD = [
    "gs://",
    "gs:///shop",
    "gs://ab",
    "gs://Bucket/shop",
    "gs://bucket-/shop",
    "gs://buc ket/shop",
    "gs://bucket//shop",
    "gs://bucket/shop//x",
    "gs://bucket/shop//",
    "gs://bucket/../shop",
    "gs://bucket/.",
    "gs://bucket/a\nb",
    "gs:/bucket/shop",
    "gs:bucket",
    "s3://bucket/shop",
    "file:///shop",
    "://bucket",
]


@pytest.mark.parametrize(("vault", "place"), GOOD.items())
def test_a_bucket_and_its_folders_are_places(vault: str, place: tuple[str, str, str]) -> None:
    assert absolute_location(vault) == place[0]
    assert open_store(vault) == CloudStore(*place[1:])
    assert open_store(absolute_location(vault)) == open_store(vault)
    assert not is_local(vault)


@pytest.mark.parametrize("vault", BAD)
def test_what_is_no_place_is_refused_with_the_forms_that_are(vault: str) -> None:
    for use in (open_store, absolute_location):
        with pytest.raises(
            UsageError, match=r"(?s)^--vault=.*Give the path of a local folder, or gs://BUCKET/FOLDER\.$"
        ):
            use(vault)
    assert not is_local(vault)


@pytest.mark.parametrize("vault", ["backups", "./a:b", "gs", "/tmp/x"])  # noqa: S108 - a name
def test_any_other_word_is_a_local_folder(vault: str) -> None:
    assert is_local(vault)
    assert absolute_location(vault) == os.path.abspath(vault)
    assert open_store(vault) == LocalStore(os.path.abspath(vault))
