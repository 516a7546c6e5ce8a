# SPDX-License-Identifier: Apache-2.0
"""Lets these tests use the helpers of tests/python."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
