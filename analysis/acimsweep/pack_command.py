# SPDX-License-Identifier: Apache-2.0
"""The command acimsweep-pack: runs `acimsweep.pack` as a program, which says what it lacks."""

import runpy


def script() -> None:
    """Entry point; its processes find their functions in the module that is then __main__."""
    runpy.run_module("acimsweep.pack", run_name="__main__", alter_sys=True)
