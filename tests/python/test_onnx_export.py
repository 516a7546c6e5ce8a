# SPDX-License-Identifier: Apache-2.0
"""Networks exported here and now by the PyTorch that is installed: what the importer makes of them
equals what PyTorch computes. Skipped where PyTorch is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "data"))
from fixtures.families import FAMILIES, family  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of the exporter
RUN_NETWORK = os.environ.get("ACIM_RUN_NETWORK")
CASES = [(name, opset) for name, (_, _, _, opsets) in FAMILIES.items() for opset in opsets]


@pytest.mark.skipif(RUN_NETWORK is None, reason="ACIM_RUN_NETWORK names no program")
@pytest.mark.parametrize(("name", "opset"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_import_computes_what_pytorch_computes(name: str, opset: int, tmp_path: Path) -> None:
    """As users export: constants folded, weights of linear layers without their names.

    The bound is twenty times the most that float32 sums in another order made of it, 5e-7 of the
    largest output."""
    rng = np.random.default_rng(zlib.crc32(f"{name}_opset{opset}".encode()))
    torch.set_num_threads(1)
    with torch.no_grad():
        made = family(name, opset, rng, folds=True)
    (tmp_path / "n.onnx").write_bytes(made.model.SerializeToString())
    made.x.tofile(tmp_path / "x.f32")
    done = subprocess.run([RUN_NETWORK, "n.onnx", "x.f32", "y.f32"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    y = np.fromfile(tmp_path / "y.f32", np.float32).reshape(made.y.shape)
    assert np.abs(y - made.y).max() <= 1e-5 * np.abs(made.y).max()
    layers = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("Product ")]
    assert len(set(layers)) == len(layers)
