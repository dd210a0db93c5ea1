"""The installed gcloud, with a configuration of its own: no account, and Google's services where a test has them."""

import shutil
from pathlib import Path

import pytest


def program() -> str:
    """Its path; without one the test is skipped."""
    found = shutil.which("gcloud")
    if found is None:
        pytest.skip("gcloud is not on the PATH; install the Google Cloud SDK.")
    return found


def settings(folder: Path, project: str, **services: str) -> dict[str, str]:
    """Properties of gcloud as variables, `CLOUDSDK_<SECTION>_<NAME>`; the user's own configuration is not touched.

    Args:
        folder: Where it keeps its own files.
        project: The project that it asks for.
        services: As `endpoints`.
    """
    return {
        "CLOUDSDK_CONFIG": str(folder),
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        **endpoints(**services),
    }


def endpoints(**services: str) -> dict[str, str]:
    """Where services are: their URLs, without a slash at the end, by their names, such as `storage`."""
    return {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}": f"{url}/" for name, url in services.items()}
