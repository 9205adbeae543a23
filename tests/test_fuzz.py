"""The short run of ``tools/fuzz.py``: every decoder of every registered family."""

import gc
import importlib.util
import sys
import tracemalloc
from pathlib import Path
from types import ModuleType

import pytest

from ledsign.protocol.codec import families


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    path = Path(__file__).resolve().parent.parent / "tools" / "fuzz.py"
    spec = importlib.util.spec_from_file_location("fuzz", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("family", families())
def test_no_bytes_raise_or_stay_in_memory(fuzz: ModuleType, family: str) -> None:
    fuzz.run(family, 60, 1)  # what is made once
    tracemalloc.start()
    try:
        found = fuzz.run(family, 300, 2)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert found.faults == ()
    assert found.inputs == 300
    assert found.messages > 20
    assert grown < 3_000_000
