# SPDX-License-Identifier: Apache-2.0
"""Training for the macro: quantised layers, noise, and ONNX files with trained scales.

Needs PyTorch (Debian's python3-torch 1.13, or a current one); nothing else of `acimsweep` does.

    import acimsweep.torch as at

    quantised = at.quantise(model, weight_bits=4, activation_bits=4, sample=images[:1])
    at.calibrate(quantised, images[:512].split(128))
    ...                                            # fine-tune as any model
    at.export(quantised, images[:1], "quantised.onnx")
"""

from acimsweep.torch.convert import calibrate, freeze_scales, parameter_groups, quantise
from acimsweep.torch.export import export
from acimsweep.torch.fold import fold_batchnorm
from acimsweep.torch.layers import QuantConv2d, QuantLinear, QuantMatMul, quantised_layers
from acimsweep.torch.matmul import MatMul
from acimsweep.torch.noise import (
    set_noise,
    set_noise_in_eval,
    set_proportional_noise,
    sigmas_of_results,
)
from acimsweep.torch.quantiser import Quantiser

__all__ = [
    "MatMul",
    "QuantConv2d",
    "QuantLinear",
    "QuantMatMul",
    "Quantiser",
    "calibrate",
    "export",
    "fold_batchnorm",
    "freeze_scales",
    "parameter_groups",
    "quantise",
    "quantised_layers",
    "set_noise",
    "set_noise_in_eval",
    "set_proportional_noise",
    "sigmas_of_results",
]
