"""The labels of a job are words that Google Cloud takes."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.job.labels import job_labels, label_of

# https://cloud.google.com/compute/docs/labeling-resources#requirements, without the letters of other scripts
ALLOWED = re.compile(r"[a-z0-9_-]{0,63}")


def test_a_job_is_labelled_with_what_it_does() -> None:
    assert job_labels("bigtable-backup", "bigtable+My-Project+main", "20261124T020000Z-7f3a9c") == {
        "tool": "shardkeep",
        "pipeline": "bigtable-backup",
        "source": "bigtable_my-project_main",
        "backup": "20261124t020000z-7f3a9c",
    }


@given(st.text())
def test_any_text_becomes_a_label(text: str) -> None:
    assert ALLOWED.fullmatch(label_of(text))
    assert len(label_of(text)) == min(63, len(text.lower()))
