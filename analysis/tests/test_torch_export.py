# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (group train)")
onnx = pytest.importorskip("onnx", reason="python3-onnx is not installed (group train)")

import acimsweep.torch as at  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from onnx_reference import evaluate  # noqa: E402
from test_torch_quantise import net  # noqa: E402
from torch import nn  # noqa: E402


PER_TENSOR = {"net": "conv1", "attention": "key"}  # the layer that has one scale


class Attention(nn.Module):
    """One head of attention on tokens, with a perceptron."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.query, self.key, self.value = (nn.Linear(8, 8, bias=i > 0) for i in range(3))
        self.scores, self.mix = at.MatMul("first"), at.MatMul("second")
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 3))

    def forward(self, x):
        x = self.norm(x)
        scores = self.scores(self.query(x), self.key(x).transpose(1, 2)) * 8**-0.5
        x = x + self.mix(torch.softmax(scores, -1), self.value(x))
        return self.layers(x).mean(1)


def attention() -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(6)
    return Attention().eval(), torch.randn(5, 7, 8)


def quantised(kind: str, bits: int) -> tuple[nn.Module, torch.Tensor]:
    model, x = net() if kind == "net" else attention()
    rules = {PER_TENSOR[kind]: {"per_channel": False}}
    model = at.quantise(model, bits, bits, sample=x, layers=rules)
    at.calibrate(model, [x], "max")
    return model.eval(), x


def written(model: nn.Module, x: torch.Tensor, path: Path, **options) -> onnx.ModelProto:
    at.export(model, x[:1], path, **options)
    file = onnx.load(str(path))
    onnx.checker.check_model(file)
    return file


def assert_same(model: nn.Module, x: torch.Tensor, path: Path) -> None:
    with torch.no_grad():
        expected = model(x).numpy()
    error = np.abs(evaluate(str(path), x.numpy()) - expected).max() / np.abs(expected).max()
    assert error < 1e-5  # float32 sums in another order; 2.7e-7 measured


@pytest.mark.parametrize("form", ["qonnx", "qdq"])
@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("kind", ["net", "attention"])
def test_file_computes_what_the_model_computes(
    kind: str, bits: int, form: str, tmp_path: Path
) -> None:
    model, x = quantised(kind, bits)
    written(model, x, tmp_path / "m.onnx", form=form)
    assert_same(model, x, tmp_path / "m.onnx")


@pytest.mark.parametrize("kind", ["net", "attention"])
def test_float_model(kind: str, tmp_path: Path) -> None:
    model, x = net() if kind == "net" else attention()
    file = written(model, x, tmp_path / "m.onnx")
    assert_same(model, x, tmp_path / "m.onnx")
    assert [o.domain for o in file.opset_import] == [""]
    names = {i.name for i in file.graph.initializer}
    assert {f"{n}.weight" for n, m in model.named_modules() if isinstance(m, nn.Linear)} <= names


def nodes_by_output(file: onnx.ModelProto) -> dict[str, onnx.NodeProto]:
    return {name: node for node in file.graph.node for name in node.output}


def constants(file: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Initialisers and constants by name; the exporter stores equal ones once."""
    values = {i.name: numpy_helper.to_array(i) for i in file.graph.initializer}
    for node in file.graph.node:
        if node.op_type == "Constant":
            values[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    return values


@pytest.mark.parametrize("kind", ["net", "attention"])
def test_quant_nodes_stand_in_front_of_products(kind: str, tmp_path: Path) -> None:
    model, x = quantised(kind, 4)
    file = written(model, x, tmp_path / "m.onnx", opset=13 if kind == "net" else 17)
    made = nodes_by_output(file)
    values = constants(file)
    found = []
    for node in file.graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul"):
            continue
        for name in node.input[:2]:
            quant = made[name]
            assert (quant.op_type, quant.domain) == ("Quant", "qonnx.custom_op.general")
            assert values[quant.input[1]].dtype == np.float32
            assert float(values[quant.input[2]]) == 0 and float(values[quant.input[3]]) == 4
        weight = made[node.input[1]].input[0]
        if weight in values:
            found.append(weight.removesuffix(".weight"))
    layers = at.quantised_layers(model)
    assert found == [n for n, m in layers.items() if not isinstance(m, at.QuantMatMul)]
    for name in found:
        scale = values[made_scale(file, f"{name}.weight")]
        expected = layers[name].weight_quantiser.scale.detach().numpy()
        assert (scale.reshape(-1) == expected.reshape(-1)).all()
        channels = layers[name].weight.shape[0]
        assert scale.size == (1 if name == PER_TENSOR[kind] else channels)


def made_scale(file: onnx.ModelProto, weight: str) -> str:
    quants = [n for n in file.graph.node if n.op_type == "Quant"]
    return next(n.input[1] for n in quants if n.input[0] == weight)


def test_products_of_activations_have_their_modules_name(tmp_path: Path) -> None:
    model, x = quantised("attention", 4)
    file = written(model, x, tmp_path / "m.onnx")
    names = [n.name for n in file.graph.node if n.op_type == "MatMul"]
    assert {"/scores/MatMul", "/mix/MatMul"} <= set(names)


def test_export_refuses(tmp_path: Path) -> None:
    model, x = net()
    path = tmp_path / "m.onnx"
    with pytest.raises(ValueError, match="'onnx'.*qonnx, qdq"):
        at.export(model, x, path, form="onnx")
    with pytest.raises(ValueError, match="opset 12"):
        at.export(model, x, path, opset=12)
    half = at.quantise(model, sample=x)
    with pytest.raises(RuntimeError, match="not calibrated"):
        at.export(half, x, path)
    wide = at.quantise(model, 4, 9, sample=x)
    at.calibrate(wide, [x])
    with pytest.raises(ValueError, match="9 bits; form 'qdq' has 8"):
        at.export(wide, x, path, form="qdq")
    assert list(tmp_path.iterdir()) == []
