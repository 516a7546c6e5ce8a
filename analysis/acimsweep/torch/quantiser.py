# SPDX-License-Identifier: Apache-2.0
"""One operand of a product: its bits, sign and static scale."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from acimsweep.torch.clipping import choose_scale
from acimsweep.torch.fake_quant import fake_quantise, integer_range

VALUES_PER_BATCH = 1 << 16  # that calibration keeps of an operand, evenly spaced


class Quantiser(nn.Module):
    """Rounds an operand to the macro's integers times a static scale, zero point 0.

    The parameter is the logarithm of the scale, so that the scale stays positive and a step of an
    optimiser changes it by a fraction of itself. `signed` is None until calibration has seen the
    operand: unsigned if nothing was negative. `shape` is () for one scale, or that of one scale per
    output channel, broadcastable to the operand.
    """

    bits: int
    signed: bool | None

    def __init__(self, bits: int, signed: bool | None, shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        integer_range(bits, True)
        self.bits, self.signed = bits, signed
        self.finds_sign = signed is None
        self.log_scale = nn.Parameter(torch.full(shape, float("nan")))
        self.observing = self.keeping = False
        self._seen: list[Tensor] = []

    @property
    def ready(self) -> bool:
        """Whether the scale is known."""
        return self.signed is not None and not bool(torch.isnan(self.log_scale).any())

    @property
    def scale(self) -> Tensor:
        """The scale, float32, of the shape of `log_scale`; differentiable."""
        return self.log_scale.exp()

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest integer. Raises RuntimeError before calibration."""
        if self.signed is None:
            raise RuntimeError("this model is not calibrated; call acimsweep.torch.calibrate first")
        return integer_range(self.bits, self.signed)

    def set_scale(self, scale: Tensor) -> None:
        """Set the scale, broadcast to the shape of `log_scale`. Raises ValueError if not > 0."""
        if not bool((scale > 0).all()):
            raise ValueError("a scale must be positive")
        with torch.no_grad():
            self.log_scale.copy_(scale.log().reshape(self.log_scale.shape))

    def set_from(self, values: Tensor, method: str, percentile: float) -> None:
        """Choose the scale from values of the operand, channels first where there are several."""
        rows = values.reshape(self.log_scale.numel(), -1)
        if self.finds_sign:
            self.signed = bool(rows.min() < 0)
        self.set_scale(choose_scale(rows, *self.bounds, method, percentile))

    def start(self, keep: bool) -> None:
        """Begin calibration: nothing is rounded, and what passes is kept if `keep`."""
        self.observing, self.keeping, self._seen = True, keep, []

    def stop(self) -> None:
        """End calibration."""
        self.observing = False

    def settle(self, method: str, percentile: float) -> None:
        """Set the scale from what was kept. Raises RuntimeError if nothing was."""
        if not self._seen:
            raise RuntimeError("calibration saw no value: the layer was not called")
        self.set_from(torch.cat(self._seen), method, percentile)
        self._seen = []

    def forward(self, x: Tensor) -> Tensor:
        """Return x, of any shape, on the grid of the scale; always computed in float32."""
        x = x.float()
        if self.observing:
            if self.keeping:
                self._keep(x.detach())
            return x
        low, high = self.bounds
        count = x.numel() if self.log_scale.dim() else x[0].numel()
        factor = (max(count, 1) * high) ** -0.5  # Esser et al. 2020, section 2.2
        return fake_quantise(x, self.scale, low, high, factor)

    def _keep(self, x: Tensor) -> None:
        flat = x.reshape(-1)
        step = flat.numel() // VALUES_PER_BATCH | 1  # odd: no power of 2 of channels is missed
        # The extremes are kept whatever the step: they decide the sign and the maximum.
        self._seen += [flat[::step].clone(), flat.min()[None], flat.max()[None]]

    def get_extra_state(self) -> dict:
        """Return what `state_dict` holds beside the scale."""
        return {"bits": self.bits, "signed": self.signed}

    def set_extra_state(self, state: dict) -> None:
        """Take it back."""
        self.bits, self.signed = state["bits"], state["signed"]

    def extra_repr(self) -> str:
        """Return what `print(model)` shows of this module."""
        scales = f", {self.log_scale.numel()} scales" if self.log_scale.dim() else ""
        return f"bits={self.bits}, signed={self.signed}{scales}"
