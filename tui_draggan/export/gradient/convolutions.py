"""Convolutions and transposed convolutions, by their data, weights and biases."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import onnx

from tui_draggan.errors import EngineError
from tui_draggan.export.gradient.tape import MICROSOFT, Rule, Tape, describe
from tui_draggan.export.graph_rewriting import attributes


@dataclass(frozen=True)
class _Geometry:
    """What a convolution's attributes say, for s spatial axes."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    pads: list[int]
    """Widths: s before, s behind."""
    group: int

    @property
    def attributes(self) -> dict[str, Any]:
        return {
            "kernel_shape": self.kernel,
            "strides": self.strides,
            "pads": self.pads,
            "dilations": self.dilations,
            "group": self.group,
        }

    @property
    def plain(self) -> bool:
        """Two spatial axes, neighbouring taps."""
        return len(self.kernel) == 2 and set(self.dilations) == {1}


def _geometry(node: onnx.NodeProto, tape: Tape) -> _Geometry:
    known = attributes(node)
    if known.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise EngineError(f"{describe(node)}: auto_pad has no gradient here; give pads")
    sides = (tape.shape(node.input[1]) or [])[2:]
    kernel = known.get("kernel_shape") or [side for side in sides if isinstance(side, int)]
    if not kernel or len(kernel) < len(sides):
        raise EngineError(f"{describe(node)}: the kernel's shape is unknown")
    axes = len(kernel)
    return _Geometry(
        kernel=list(kernel),
        strides=list(known.get("strides", [1] * axes)),
        dilations=list(known.get("dilations", [1] * axes)),
        pads=list(known.get("pads", [0] * 2 * axes)),
        group=known.get("group", 1),
    )


def _conv(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    x, weight, *bias = node.input
    form = _geometry(node, tape)
    dx = dw = None
    if x in tape.wanted:
        dx = _conv_data(dy[0], x, weight, form, tape)
    if weight in tape.wanted:
        dw = _weights(x, dy[0], weight, form, node, tape)
    return [dx, dw, *_bias(bias, dy[0], form, tape)]


def _conv_data(gradient: str, x: str, weight: str, form: _Geometry, tape: Tape) -> str:
    """The transposed convolution with the same weight; with stride 1 kept for `lowering`, which
    makes a convolution of it."""
    shape = tape.shape(weight)
    alone = shape is not None and shape[:2] == [form.group, 1]
    fits = all(k - 1 - p >= 0 for k, p in zip(form.kernel * 2, form.pads, strict=True))
    if form.plain and set(form.strides) == {1} and (form.group == 1 or alone) and fits:
        return tape.add("ConvGrad", [gradient, x, weight], MICROSOFT, **form.attributes)
    if set(form.strides) == {1}:
        return tape.add("ConvTranspose", [gradient, weight], **form.attributes)
    return _spread(gradient, x, weight, form, tape)


def _spread(gradient: str, x: str, weight: str, form: _Geometry, tape: Tape) -> str:
    """With larger strides, also the rows at the end that no step of the kernel reached."""
    axes = len(form.kernel)
    before, behind = form.pads[:axes], form.pads[axes:]
    sides = (tape.shape(x) or [])[2:]
    known = [side for side in sides if isinstance(side, int)]
    if len(known) == axes:
        rest = [
            (side + p + q - d * (k - 1) - 1) % s
            for side, p, q, d, k, s in zip(
                known, before, behind, form.dilations, form.kernel, form.strides, strict=True
            )
        ]
        inputs = [gradient, weight]
        return tape.add("ConvTranspose", inputs, output_padding=rest, **form.attributes)
    whole = {**form.attributes, "pads": [0] * 2 * axes}
    spread = tape.add("ConvTranspose", [gradient, weight], **whole)
    shape = tape.add("Shape", [x], start=2)
    padded = tape.add("Add", [shape, tape.integers(*map(sum, zip(before, behind, strict=True)))])
    missing = tape.add("Sub", [padded, tape.add("Shape", [spread], start=2)])
    none = tape.integers(*[0] * (axes + 4))
    spread = tape.add("Pad", [spread, tape.add("Concat", [none, missing], axis=0)])
    starts, spatial = tape.integers(*before), tape.integers(*range(2, axes + 2))
    return tape.add("Slice", [spread, starts, tape.add("Add", [starts, shape]), spatial])


def _transposed(node: onnx.NodeProto, dy: list[str], tape: Tape) -> list[str | None]:
    x, weight, *bias = node.input
    form = _geometry(node, tape)
    if "output_shape" in attributes(node):
        raise EngineError(f"{describe(node)}: output_shape has no gradient here; give pads")
    dx = dw = None
    if x in tape.wanted:
        dx = _transposed_data(dy[0], x, weight, form, node, tape)
    if weight in tape.wanted:
        dw = _weights(dy[0], x, weight, form, node, tape)
    return [dx, dw, *_bias(bias, dy[0], form, tape)]


def _transposed_data(
    gradient: str, x: str, weight: str, form: _Geometry, node: onnx.NodeProto, tape: Tape
) -> str:
    """The convolution with the very same weight."""
    if form.plain and not any(attributes(node).get("output_padding", [])):
        inputs = [gradient, x, weight]
        return tape.add("ConvTransposeGrad", inputs, MICROSOFT, **form.attributes)
    return tape.add("Conv", [gradient, weight], **form.attributes)


def _weights(
    data: str, slid: str, weight: str, form: _Geometry, node: onnx.NodeProto, tape: Tape
) -> str:
    """The gradient by the weight, one product for every tap.

    data (N, I, …) is what the kernel slides over, slid (N, O, …) has a value for each of its
    steps: a convolution's input and output gradient, a transposed one's output gradient and
    input. dW[o, i, tap] = Σ slid[n, o, step] · data[n, i, step · stride + tap · dilation − pad].
    """
    rows, columns = _channels(weight, form, node, tape)
    axes = len(form.kernel)
    if any(form.pads):
        before, behind = form.pads[:axes], form.pads[axes:]
        data = tape.add("Pad", [data, tape.integers(0, 0, *before, 0, 0, *behind)])
    strides, spatial = tape.integers(*form.strides), tape.integers(*range(2, axes + 2))
    extent = tape.add("Mul", [tape.add("Shape", [slid], start=2), strides])
    slid = tape.add("Reshape", [slid, tape.integers(0, form.group, rows, -1)])
    flat = tape.integers(0, form.group, columns, -1)
    taps = []
    for tap in product(*map(range, form.kernel)):
        first = [t * d for t, d in zip(tap, form.dilations, strict=True)]
        behind = [f - s + 1 for f, s in zip(first, form.strides, strict=True)]
        ends = tape.add("Add", [extent, tape.integers(*behind)])
        part = tape.add("Slice", [data, tape.integers(*first), ends, spatial, strides])
        part = tape.add("Transpose", [tape.add("Reshape", [part, flat])], perm=[0, 1, 3, 2])
        part = tape.add("MatMul", [slid, part])  # (N, groups, O / groups, I / groups)
        taps.append(tape.add("Unsqueeze", [part, tape.integers(4)]))
    whole = tape.add("Concat", taps, axis=4) if len(taps) > 1 else taps[0]
    whole = tape.add("ReduceSum", [whole, tape.integers(0)], keepdims=0)
    return tape.add("Reshape", [whole, tape.shape_of(weight)])


def _channels(weight: str, form: _Geometry, node: onnx.NodeProto, tape: Tape) -> tuple[int, int]:
    """A group's channels on the weight's first and second axis."""
    first, second, *_ = tape.shape(weight) or [None, None]
    if not isinstance(first, int) or not isinstance(second, int):
        raise EngineError(f"{describe(node)}: the shape of {weight} is unknown")
    return first // form.group, second


def _bias(bias: list[str], gradient: str, form: _Geometry, tape: Tape) -> list[str | None]:
    """The sum over the batch and the map."""
    if not bias or bias[0] not in tape.wanted:
        return [None] * len(bias)
    axes = tape.integers(0, *range(2, len(form.kernel) + 2))
    return [tape.add("ReduceSum", [gradient, axes], keepdims=0)]


RULES: dict[str, Rule] = {"Conv": _conv, "ConvTranspose": _transposed}
