# SPDX-License-Identifier: Apache-2.0
"""The helpers of tests/python are those of this folder too."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from fault_cases import Sweep, make_sweep  # noqa: E402  (needs the path above)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A sweep of 640 units on generated images, with the bytes of its undisturbed results.h5."""
    return make_sweep(tmp_path_factory.mktemp("tiny"), chips=40)
