"""The document, pasted once; and what gcloud knows."""

import pytest

from tests.docs.deploy.document import BLOCKS
from tests.docs.deploy.gcloud_tree import Node, gcloud_tree
from tests.docs.deploy.pasted_shell import Pasted, paste


@pytest.fixture(scope="package")
def pasted(tmp_path_factory: pytest.TempPathFactory) -> Pasted:
    return paste(BLOCKS, tmp_path_factory.mktemp("pasted"), ("gcloud", "python3"))


@pytest.fixture(scope="package")
def tree() -> Node:
    return gcloud_tree()
