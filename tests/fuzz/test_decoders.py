"""No changed input makes a compiled decoder crash, read past its end, or make what is not canonical."""

from pathlib import Path

import pytest

from tests.fuzz import sanitizers
from tests.fuzz.decoders import NO_DECODER, modules, targets
from transforms.errors import NotFoundError

TARGETS = targets()
FEW, MANY = 300, 100_000
# One byte more than there is, moved by a function of the C library that AddressSanitizer watches.
TOO_FAR = """
import ctypes
from tests.fuzz.target import exact
held = ctypes.c_char.from_buffer(exact(bytes(24)))
ctypes.memmove(ctypes.create_string_buffer(99), ctypes.addressof(held), 25)
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        sanitizers.runtime()
    except NotFoundError as error:
        pytest.skip(str(error))
    return sanitizers.build(tmp_path_factory.mktemp("sanitized"))


@pytest.mark.parametrize("name", TARGETS)
def test_valid_inputs_are_taken_and_changed_ones_are_taken_or_refused(name: str) -> None:
    target = TARGETS[name]
    assert [parts for parts in target.seeds if not target.taken(parts)] == []
    assert target.run(FEW, 1) < FEW


def test_every_compiled_module_that_decodes_is_a_target() -> None:
    assert {name.partition(",")[0] for name in TARGETS} == set(modules()) - {NO_DECODER}


@pytest.mark.soak
def test_the_sanitizers_are_at_work(packages: Path) -> None:
    found = sanitizers.run(packages, "-c", TOO_FAR)
    assert found.returncode != 0
    assert "AddressSanitizer: heap-buffer-overflow" in found.stderr
    built = [path.read_bytes() for path in packages.rglob("*.so")]
    assert len(built) == len(modules())
    assert all(b"__asan_report_load1" in each and b"__ubsan_handle_" in each for each in built)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_no_changed_input_makes_a_sanitizer_report(packages: Path) -> None:
    found = sanitizers.run(packages, "-m", "tests.fuzz.decoders", str(MANY), "2")
    assert found.stdout.count(f"of {MANY} inputs") == len(TARGETS), f"{found.stdout}\n{found.stderr}"
    assert "ERROR: AddressSanitizer" not in found.stderr
    assert sanitizers.leaks(found) == []
