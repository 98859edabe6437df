"""A lowered graph in standard ONNX operators: it runs wherever ONNX does.

What `lowering` leaves of ONNX Runtime's own operators, and what stands for it:
- FusedMatMul: MatMul, with transposed operands where it says so. They are weights, which the
  runtime transposes once, at load.
- SliceGrad: Pad. Opset 17's Pad wants the widths of all axes: zeros, with those of the sliced
  axes scattered in.
"""

from __future__ import annotations

import onnx
from onnx import defs, helper, numpy_helper

from tui_draggan.errors import EngineError
from tui_draggan.export.graph_rewriting import Replacements, attributes, by_operator, rewrite


def standardise(model: onnx.ModelProto, opset: int) -> None:
    """Makes a differentiated and lowered model a standard one, in place.

    Raises EngineError, naming the operator, where one has no standard form here.
    """
    graph = model.graph
    rewrite(graph, by_operator({"FusedMatMul": _matmul, "SliceGrad": _SliceGradient(graph)}))
    for node in graph.node:
        try:
            known = not node.domain and defs.get_schema(node.op_type, opset, "")
        except defs.SchemaError:
            known = False
        if not known:
            raise EngineError(f"{node.op_type} ({node.name}) has no standard form here")
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", opset))


def _matmul(node: onnx.NodeProto, new: Replacements) -> None:
    wanted = attributes(node)
    if wanted["alpha"] != 1 or wanted["transBatchA"] or wanted["transBatchB"]:
        raise EngineError(f"FusedMatMul ({node.name}): only transposing has a standard form")
    operands = []
    for side, operand in zip("AB", node.input, strict=True):
        if wanted[f"trans{side}"]:
            turned = f"{node.output[0]}/{side}"
            operand = new.add("Einsum", [operand], turned, equation="...ij->...ji")
        operands.append(operand)
    new.add("MatMul", operands, node.output[0])


class _SliceGradient:
    """The rule for SliceGrad (gradient, shape, starts, ends, axes, steps).

    Axes and steps must be written in the graph, none negative, every step 1; starts may be
    computed, but not negative.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._known = {item.name: item for item in graph.initializer} | {
            node.output[0]: attributes(node)["value"]
            for node in graph.node
            if node.op_type == "Constant"
        }

    def __call__(self, node: onnx.NodeProto, new: Replacements) -> None:
        gradient, shape, starts, _, axes, *steps = node.input
        if min(self._values(axes, node)) < 0 or any(
            step != 1 for name in steps for step in self._values(name, node)
        ):
            raise EngineError(f"SliceGrad ({node.name}): only steps of 1 have a standard form")
        y = node.output[0]
        sizes = new.add("Shape", [gradient], f"{y}/sizes")
        some = new.add("Gather", [sizes, axes], f"{y}/some_sizes")
        whole = new.add("Gather", [shape, axes], f"{y}/whole_sizes")
        lost = new.add("Sub", [whole, some], f"{y}/lost")
        after = new.add("Sub", [lost, starts], f"{y}/after")
        widths = new.add("Concat", [starts, after], f"{y}/widths", axis=0)
        rank = new.add("Shape", [shape], f"{y}/rank")
        ends = new.add("Add", [axes, rank], f"{y}/end_places")
        places = new.add("Concat", [axes, ends], f"{y}/places", axis=0)
        both = new.add("Add", [rank, rank], f"{y}/both_ends")
        zeros = new.add("ConstantOfShape", [both], f"{y}/zeros", value=ZERO)
        pads = new.add("ScatterElements", [zeros, places, widths], f"{y}/pads")
        new.add("Pad", [gradient, pads], y)

    def _values(self, name: str, node: onnx.NodeProto) -> list[int]:
        if name not in self._known:
            raise EngineError(f"SliceGrad ({node.name}): only fixed axes have a standard form")
        values: list[int] = numpy_helper.to_array(self._known[name]).tolist()
        return values


ZERO = helper.make_tensor("zero", onnx.TensorProto.INT64, (1,), (0,))
