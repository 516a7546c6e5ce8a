#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the small ONNX files in tests/fixtures/onnx that the importer's tests read.

Usage: /usr/bin/python3 data/make_fixtures.py [--out tests/fixtures/onnx] [--list]

Each fixture NAME is a file NAME.onnx with random weights and, beside it, NAME.h5 with the datasets
`x` (float32, a batch of 3) and `y` (float32, what PyTorch computes for x). Some graphs and all
whole networks come from torch.onnx.export; the others are put together by hand and computed by
torch.nn.functional, so that nothing of the project takes part in the expected values. Every weight
comes from a generator seeded with the fixture's name, so a fixture does not change when another one
is added. Files called unsupported_* or invalid_* must be refused and have no .h5; those called extra_* hold operators that
only shape or constant arithmetic needs.
"""

import argparse
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
import onnx
import torch
from fixtures import families
from fixtures.current import CURRENT
from fixtures.operators import OPERATORS
from onnx.external_data_helper import convert_model_to_external_data

SIZE_LIMIT = 60_000  # bytes
ALL = {**OPERATORS, **families.fixtures(), **CURRENT}


def write(name: str, folder: Path) -> None:
    """Make one fixture and write its files; fails if they are larger than a fixture may be."""
    fixture = ALL[name](np.random.default_rng(zlib.crc32(name.encode())))
    if fixture.model.opset_import[0].version <= 17:  # what Debian's onnx knows
        onnx.checker.check_model(fixture.model)
    target = folder / f"{name}.onnx"
    written = [target]
    if fixture.external:
        written.append(folder / f"{name}.onnx.data")
        written[-1].unlink(missing_ok=True)
        convert_model_to_external_data(
            fixture.model, location=written[-1].name, size_threshold=0)
        onnx.save_model(fixture.model, str(target))
    else:
        target.write_bytes(fixture.model.SerializeToString(deterministic=True))
    if fixture.y is not None:
        assert np.isfinite(fixture.y).all()
        written.append(folder / f"{name}.h5")
        with h5py.File(written[-1], "w") as file:
            file["x"], file["y"] = fixture.x, fixture.y
    for path in written:
        if path.stat().st_size > SIZE_LIMIT:
            raise ValueError(f"{path}: {path.stat().st_size} bytes, a fixture has {SIZE_LIMIT}")
    print(f"{name}: {', '.join(f'{p.name} {p.stat().st_size} bytes' for p in written)}")


def main(arguments: list[str]) -> int:
    """Write every fixture, or list their names and what they hold."""
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description="Make the ONNX fixtures of the importer's tests.")
    parser.add_argument("--out", type=Path, default=root / "tests" / "fixtures" / "onnx")
    parser.add_argument("--list", action="store_true", help="print the names and write nothing")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(ALL))
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    with torch.no_grad():
        for name in ALL:
            write(name, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
