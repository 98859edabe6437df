"""Reverse-mode differentiation of ONNX graphs, one rule per operator.

`differentiate` adds to a graph the gradient of a scalar by named tensors. The rules stand by what
their operators do: `elementwise`, `shaping`, `reductions`, `products` and `convolutions`. What
runs is ordinary ONNX wherever a gradient has a plain form; a few are kept whole, under the names
that ONNX Runtime's training build has for them, since `cropping` and `lowering` treat each as
one thing and know its fastest form: ConvGrad and ConvTransposeGrad by the data, LeakyReluGrad,
SliceGrad, FusedMatMul. `lowering.lower` and `standard.standardise` write all of them in standard
operators, so the result runs wherever ONNX does.

Source of the rules: Griewank and Walther, "Evaluating Derivatives" (2nd ed., 2008), chapter 3, and
the operators' definitions in the ONNX specification (opset 17).
"""

from __future__ import annotations

from tui_draggan.export.gradient.reverse import differentiate, note_shapes

__all__ = ["differentiate", "note_shapes"]
