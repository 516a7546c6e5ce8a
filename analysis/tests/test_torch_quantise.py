# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


def test_package_works_without_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None; import acimsweep, acimsweep.pareto; "
        "acimsweep.open_results"
    )
    package = Path(__file__).resolve().parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=package, check=True)


torch = pytest.importorskip("torch", reason="PyTorch is not installed (group train)")

import acimsweep.torch as at  # noqa: E402
from acimsweep.torch.clipping import choose_scale  # noqa: E402
from acimsweep.torch.fake_quant import fake_quantise, integer_range  # noqa: E402
from torch import nn  # noqa: E402


class Net(nn.Module):
    """Two convolutions with BatchNorm, a branch, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.bn2 = nn.BatchNorm2d(4)
        self.fc1 = nn.Linear(4, 5)
        self.fc2 = nn.Linear(5, 3)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = x + self.bn2(self.conv2(x))
        return self.fc2(torch.relu(self.fc1(x.mean((2, 3)))))


def net(seed: int = 3) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(seed)
    model, x = Net(), torch.rand(16, 1, 6, 6)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 2)
            module.bias.data.normal_()
    return model.eval(), x


@pytest.mark.parametrize("bits", [2, 4, 8, 9])
@pytest.mark.parametrize("signed", [True, False])
def test_rounding_is_the_engines(bits: int, signed: bool) -> None:
    random = np.random.default_rng(bits)
    low, high = integer_range(bits, signed)
    largest = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    assert (low, high) == (-largest if signed else 0, largest)
    for scale in np.float32([0.25, 0.1, 3.7e-3]):
        ties = (np.arange(-600, 600) + np.float32(0.5)) * scale
        x = np.concatenate([ties, random.normal(0, high * scale, 5000)]).astype(np.float32)
        expected = np.clip(np.rint(x / scale), low, high).astype(np.float32) * scale
        y = fake_quantise(torch.from_numpy(x), torch.tensor(scale), low, high)
        assert (y.numpy() == expected).all()


def test_gradients_by_hand() -> None:
    x = torch.tensor([0.3, -0.2, 1.8, 9.0, -4.0], requires_grad=True)
    scale = torch.tensor(0.5, requires_grad=True)
    fake_quantise(x, scale, -7, 7, 2.0).backward(torch.tensor([1.0, 1, 2, 1, 1]))
    assert x.grad.tolist() == [1, 1, 2, 0, 0]
    # Ratios 0.6, -0.4, 3.6 round to 1, 0, 4; 18 and -8 are clipped to 7 and -7.
    assert float(scale.grad) == pytest.approx(2 * (0.4 + 0.4 + 2 * 0.4 + 7 - 7))


def test_gradient_of_channel_scales() -> None:
    x = torch.tensor([[0.3, 9.0], [0.3, -9.0]])
    scale = torch.full((2, 1), 0.5, requires_grad=True)
    fake_quantise(x, scale, -7, 7).sum().backward()
    assert scale.grad.flatten().tolist() == pytest.approx([7.4, -6.6])


def test_clipping_methods() -> None:
    values = torch.arange(-1000.0, 1000.0).reshape(1, -1)
    assert float(choose_scale(values, -7, 7, "max")) == pytest.approx(1000 / 7)
    # Nearest rank: 99 % of 2,000 magnitudes is the 1,980th smallest: 0, 1, 1, 2, 2, ... 999, 1000.
    assert float(choose_scale(values, -7, 7, "percentile", 99)) == pytest.approx(990 / 7)
    torch.manual_seed(1)
    rows = torch.randn(3, 500) * torch.tensor([[1.0], [2.0], [0.1]])
    scales = choose_scale(rows, -7, 7, "mse")

    def error(row, scale):
        return float((fake_quantise(row, torch.tensor(scale), -7, 7) - row).square().sum())

    for row, scale in zip(rows, scales.tolist(), strict=True):
        grid = np.linspace(0.01, 1, 400) * float(row.abs().max()) / 7
        # The candidates here are four times as dense as those of the rule.
        assert error(row, scale) <= 1.02 * min(error(row, float(s)) for s in grid)
    with pytest.raises(ValueError, match="'best'.*max, percentile, mse"):
        choose_scale(values, 0, 15, "best")


def test_folding_keeps_the_function() -> None:
    model, x = net()
    before = model(x)
    assert at.fold_batchnorm(model, x) == ["bn1", "bn2"]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
    # Folding rounds each weight once more, to 6e-8.
    torch.testing.assert_close(model(x), before, rtol=1e-5, atol=1e-5)


def test_folding_sees_a_second_use() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.bn = nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)

        def forward(self, x):
            y = self.conv(x)
            return self.bn(y) * 3 + y

    with pytest.raises(ValueError, match="used elsewhere"):
        model = Twice()
        model.bn.running_var.fill_(4.0)
        at.fold_batchnorm(model, torch.rand(2, 1, 3, 3))


def test_quantise_replaces_what_it_should() -> None:
    model, x = net()
    rules = {"fc*": {"weight_bits": 3}, "fc2": {"per_channel": False}}
    quantised = at.quantise(model, 5, 6, sample=x, layers=rules, first_last_bits=8)
    assert type(model.conv1) is nn.Conv2d and isinstance(model.bn1, nn.BatchNorm2d)
    layers = at.quantised_layers(quantised)
    bits = {n: (m.weight_quantiser.bits, m.input_quantiser.bits) for n, m in layers.items()}
    assert bits == {"conv1": (8, 8), "conv2": (5, 6), "fc1": (3, 6), "fc2": (3, 8)}
    assert layers["conv1"].weight_quantiser.log_scale.shape == (4, 1, 1, 1)
    assert layers["fc2"].weight_quantiser.log_scale.shape == ()
    assert {"conv1.weight", "conv1.bias", "fc1.weight"} <= set(quantised.state_dict())
    half = at.quantise(model, sample=x, layers={"*": None, "fc1": {}}, inplace=True)
    assert half is model and list(at.quantised_layers(half)) == ["fc1"]


def test_quantise_refuses() -> None:
    model, x = net()
    with pytest.raises(ValueError, match="bn1: BatchNorm must be folded"):
        at.quantise(model)
    with pytest.raises(ValueError, match="'conv9' matches no layer; there are conv1"):
        at.quantise(model, sample=x, layers={"conv9": None})
    with pytest.raises(ValueError, match="weight_bit.*known are"):
        at.quantise(model, sample=x, layers={"fc1": {"weight_bit": 3}})
    with pytest.raises(ValueError, match="conv1: weight_bits 9"):
        at.quantise(model, 9, sample=x)
    with pytest.raises(ValueError, match="no nn.Conv2d"):
        at.quantise(nn.ReLU())
    with pytest.raises(ValueError, match="put it into nn.Sequential"):
        at.quantise(nn.Linear(2, 2))
    quantised = at.quantise(model, sample=x)
    with pytest.raises(RuntimeError, match="not calibrated"):
        quantised(x)
    with pytest.raises(RuntimeError, match="saw no value"):
        at.calibrate(quantised, [])
    with pytest.warns(UserWarning, match="MultiheadAttention"):
        at.quantise(nn.Sequential(nn.Linear(4, 4), nn.MultiheadAttention(4, 1)))


def test_calibrated_scales_signs_and_integers() -> None:
    model, x = net()
    quantised = at.quantise(model, 4, 4, sample=x, weights="max")
    at.calibrate(quantised, x.split(5), "max", layers={"fc2": "percentile"})
    layers = at.quantised_layers(quantised)
    assert [m.input_quantiser.signed for m in layers.values()] == [False, False, True, False]
    assert float(layers["conv1"].input_quantiser.scale) == pytest.approx(float(x.max()) / 15)
    for layer in layers.values():
        scale = layer.weight_quantiser.scale
        integers = layer.weight_quantiser(layer.weight) / scale
        torch.testing.assert_close(integers, integers.round(), rtol=0, atol=1e-5)
        largest = integers.abs().reshape(len(integers), -1).amax(1)
        torch.testing.assert_close(largest, torch.full_like(largest, 7), rtol=0, atol=1e-4)


def test_scales_do_not_depend_on_the_batch() -> None:
    model, x = net()
    quantised = at.quantise(model, sample=x).eval()
    at.calibrate(quantised, [x])
    alone = torch.cat([quantised(image[None]) for image in x])
    # BLAS may add in another order for another batch.
    torch.testing.assert_close(quantised(x), alone, rtol=1e-5, atol=1e-6)


def test_product_of_activations() -> None:
    torch.manual_seed(2)
    a, b = torch.randn(2, 3, 5), torch.rand(2, 5, 4)

    class Product(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.product = at.MatMul(stored="first")

        def forward(self, a, b):
            return self.product(a, b)

    quantised = at.quantise(Product(), 3, 5)
    at.calibrate(quantised, [(a, b)], "max")
    first, second = quantised.product.weight_quantiser, quantised.product.input_quantiser
    assert (first.bits, first.signed, second.bits, second.signed) == (3, True, 5, False)
    expected = first(a) @ second(b)
    assert (quantised(a, b) == expected).all()
    assert 0 < float((expected - a @ b).abs().max()) < 1
    with pytest.raises(ValueError, match="stored"):
        at.MatMul(stored="third")


def test_training_learns_scales_and_keeps_state() -> None:
    model, x = net()
    quantised = at.quantise(model, 3, 3, sample=x)
    at.calibrate(quantised, [x], "max")
    with torch.no_grad():
        target = model(x)
    before = [m.weight_quantiser.scale.clone() for m in at.quantised_layers(quantised).values()]
    optimiser = torch.optim.Adam(at.parameter_groups(quantised, 0.0), lr=5e-3)
    losses = []
    for _ in range(60):
        loss = (quantised(x) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    after = [m.weight_quantiser.scale for m in at.quantised_layers(quantised).values()]
    assert all((a != b).any() and (b > 0).all() for a, b in zip(before, after, strict=True))
    copy = at.quantise(model, 3, 3, sample=x)
    copy.load_state_dict(quantised.state_dict())
    assert (copy.eval()(x) == quantised.eval()(x)).all()
    at.freeze_scales(quantised)
    quantisers = [m for m in quantised.modules() if isinstance(m, at.Quantiser)]
    assert quantisers and not any(q.log_scale.requires_grad for q in quantisers)
