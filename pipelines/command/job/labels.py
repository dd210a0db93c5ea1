"""The labels of a job on Google Cloud, to find its cost and its logs.

A value has at most 63 characters, lower-case letters, digits, `_` and `-`:
https://cloud.google.com/compute/docs/labeling-resources#requirements.
"""

import re

_LONGEST = 63
_REFUSED = re.compile(r"[^a-z0-9_-]")


def job_labels(pipeline: str, source: str, backup: str) -> dict[str, str]:
    """The labels of a job.

    Args:
        pipeline: The command, such as `bigtable-backup`.
        source: The source's folder in the vault.
        backup: The backup's id.
    """
    words = {"tool": "shardkeep", "pipeline": pipeline, "source": source, "backup": backup}
    return {key: label_of(word) for key, word in words.items()}


def label_of(text: str) -> str:
    """The text as a label's value: every character that a label may not have becomes `_`."""
    return _REFUSED.sub("_", text.lower())[:_LONGEST]
