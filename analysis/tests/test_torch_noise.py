# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from types import SimpleNamespace

import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (group train)")

import acimsweep.torch as at  # noqa: E402
from acimsweep import open_results  # noqa: E402
from torch import nn  # noqa: E402


def layer(bias: bool = True) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(20, 8, bias=bias))
    x = torch.rand(3000, 20)
    quantised = at.quantise(model)
    at.calibrate(quantised, [x])
    return quantised, x


def test_noise_has_its_sigma_in_integer_units() -> None:
    model, x = layer()
    clean = model.eval()(x)
    at.set_noise(model, {"0": 2.5})
    assert (model(x) == clean).all()
    at.set_noise_in_eval(model, True)
    error = (model(x) - clean) / model[0].unit
    # 3,000 values each: the standard error of a sigma is 1.3 %, of all eight together 0.5 %.
    assert float(error.std()) == pytest.approx(2.5, rel=0.025)
    assert error.std(0).tolist() == pytest.approx([2.5] * 8, rel=0.08)
    at.set_noise_in_eval(model, False)
    model.train()
    assert (model(x) != clean).any()
    at.set_noise(model, {})
    assert (model(x) == clean).all()


def test_noise_refuses() -> None:
    model, x = layer()
    with pytest.raises(ValueError, match="no quantised product is called 'fc'"):
        at.set_noise(model, {"fc": 1.0})
    with pytest.raises(ValueError, match="not a number from 0 up"):
        at.set_noise(model, {"0": float("nan")})
    with pytest.raises(ValueError, match="'rms' or 'max'"):
        at.set_proportional_noise(model, [x], 0.1, of="mean")
    with pytest.raises(ValueError, match="no batch"):
        at.set_proportional_noise(model, [], 0.1)


@pytest.mark.parametrize("of", ["rms", "max"])
def test_proportional_noise(of: str) -> None:
    model, x = layer()
    quantised = model[0].input_quantiser(x) / model[0].input_quantiser.scale
    weights = model[0].weight_quantiser(model[0].weight) / model[0].weight_quantiser.scale
    products = (quantised @ weights.t()).detach()
    size = products.square().mean().sqrt() if of == "rms" else products.abs().max()
    sigmas = at.set_proportional_noise(model, x.split(1000), 0.1, of=of)
    assert sigmas == {"0": pytest.approx(0.1 * float(size), rel=1e-4)}
    assert float(model[0].noise.sigma) == pytest.approx(sigmas["0"])


def test_noise_does_not_stop_gradients() -> None:
    model, x = layer()
    at.set_noise(model, {"0": 1.0})
    model.train()(x).square().mean().backward()
    assert all(float(p.grad.abs().sum()) > 0 for p in model.parameters())


def test_sigmas_of_a_results_file() -> None:
    table = pd.DataFrame(
        {
            "point": [0, 0, 0, 1],
            "layer": ["conv1", "layer1.0.conv1", "fc", "conv1"],
            "path": ["table", "fixed", "digital", "table"],
            "error_sd": [3.5, 0.25, float("nan"), float("nan")],
        }
    )
    results = SimpleNamespace(path="r.h5", layers=table)
    assert at.sigmas_of_results(results, 0) == {"conv1": 3.5, "layer1.0.conv1": 0.25}
    with pytest.raises(ValueError, match="point 1 has no error_sd of conv1"):
        at.sigmas_of_results(results, 1)
    with pytest.raises(ValueError, match="no layers of point 2"):
        at.sigmas_of_results(results, 2)


@pytest.mark.skipif("ACIM_RESULTS" not in os.environ, reason="ACIM_RESULTS names no results file")
def test_sigmas_of_a_real_file() -> None:
    results = open_results(os.environ["ACIM_RESULTS"])
    for point in results.points.index:
        sigmas = at.sigmas_of_results(results, point)
        assert sigmas and all(sigma >= 0 for sigma in sigmas.values())
