# SPDX-License-Identifier: Apache-2.0
"""bench/pytorch_layer.py, the yardstick, on a CPU; skipped where PyTorch is not installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import pytorch_layer as bench  # noqa: E402

QUIET = bench.Macro(8, 8, 255, 8, 0.0, 0.0)


def test_the_networks_are_those_of_the_engine() -> None:
    """Conversions of an image as cuda/check/bench_cases.cpp counts them."""
    assert sum(layer.conversions(QUIET, 1) for layer in bench.resnet20()) == 14_049_920
    assert bench.Layer(256, 256, 3, 16).conversions(QUIET, 1) == 41_943_040


@pytest.mark.parametrize("layer", [
    bench.Layer(40, 8, 3, 9), bench.Layer(5, 6, 3, 8, 2), bench.Layer(5, 6, 3, 7, 2),
    bench.Layer(260, 6, 1, 5), bench.Layer(6, 4, 1, 6, 2), bench.Layer(64, 10, 1, 1)])
def test_quiet_layers_are_integer_convolutions(layer: bench.Layer) -> None:
    """Strides, several row groups, one pixel: check() raises where a product is off."""
    bench.check(layer, "cpu")
    weights, activations = bench.draw(layer, QUIET, 2, "cpu")
    out = bench.AnalogLayer(layer, QUIET, weights, 2).forward(activations)
    assert out.shape == (2, layer.channels_out, layer.out_size, layer.out_size)


def test_batches_double_until_two_gain_nothing() -> None:
    """1 to 4 get faster, 8 and 16 do not."""
    rates: dict[int, list[float]] = {}
    tried = []
    for batch in bench.doubled_batches(rates, 4096):
        tried.append(batch)
        rates[batch] = [min(batch, 4) - batch / 1000]
    assert tried == [1, 2, 4, 8, 16]
    assert list(bench.doubled_batches({}, 2)) == [1, 2]


def results(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict]:
    """Run the program; return its lines of JSON."""
    assert bench.main([*options, "--repeat", "2", "--threads", "1"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[0] == "{"]


def test_every_noise_gets_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of NOISES, each with its best batch."""
    found = results(capsys, "--layer", "4,4,3,4", "--noise", "all", "--most-batch", "2")
    assert [r["noise"] for r in found] == ["off", "lossless", "table"]
    assert [(r["sigma_lsb"], r["nonlinear"]) for r in found] == [(0, 0), (0.255, 0), (0.5, 0.05)]
    for r in found:
        assert set(r["by_batch"]) == {"1", "2"}
        assert r["conversions_per_second"] == max(r["by_batch"].values()) == r["passes"][-1]
        assert str(r["best_batch"]) in r["by_batch"]


def test_as_compare_calls_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Given batches and sigmas; the last line holds the rates by batch."""
    found = results(capsys, "--layer", "4,4,3,4", "--sigma-lsb", "0.1", "--nonlinear", "0",
                    "--batch", "3,1")
    assert len(found) == 1
    assert set(found[0]["by_batch"]) == {"1", "3"}
    assert found[0]["sigma_lsb"] == 0.1


def test_a_device_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence, no traceback."""
    if torch.cuda.is_available():
        pytest.skip("a CUDA device is here")
    with pytest.raises(SystemExit):
        bench.parse(["--device", "cuda"])
    assert "no CUDA device" in capsys.readouterr().err
