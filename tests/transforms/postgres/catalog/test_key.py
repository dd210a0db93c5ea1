import json

import pytest

from transforms.postgres.catalog.key import Key


def test_a_key_comes_back_from_json() -> None:
    key = Key('Odd "Index"', (2, 0), "ext")
    assert Key.from_json(json.loads(json.dumps(key.to_json()))) == key


@pytest.mark.parametrize(
    "change", [{"places": [-1]}, {"places": [True]}, {"places": "1"}, {"operators": ""}, {"index": 1}]
)
def test_what_is_no_key_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="key"):
        Key.from_json({**Key("i", (0,)).to_json(), **change})
