# SPDX-License-Identifier: Apache-2.0
"""Fixtures that several modules of this folder share."""

from __future__ import annotations

import pytest

from cuda_cases import Program, device_program, emulated_program


@pytest.fixture(scope="session", params=["emulated", "device"])
def cuda(request: pytest.FixtureRequest) -> Program:
    """A program with a CUDA engine; the real one is skipped where there is no device."""
    return emulated_program() if request.param == "emulated" else device_program()


@pytest.fixture(scope="session")
def emulated() -> Program:
    return emulated_program()
