"""Modules without parameters: what does not change while a picture is dragged."""

from __future__ import annotations

from torch import Tensor, nn


class Constants(nn.Module):
    """Tensors that are all constants: buffers, float32, contiguous; not copied where they are."""

    def constant(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value.detach().float().contiguous())
