import json

import pytest

from transforms.postgres.inventory.extensions import Extension


def test_an_extension_comes_back_from_json_and_nothing_else_does() -> None:
    extension = Extension("pg_trgm", "1.6", "public")
    assert Extension.from_json(json.loads(json.dumps(extension.to_json()))) == extension
    for other in (["pg_trgm", "1.6"], ["", "1.6", "public"], {"name": "pg_trgm"}, None):
        with pytest.raises(ValueError, match="extension"):
            Extension.from_json(other)
