"""Convolutions as matrix products over tiles of a map, in the operators of an ONNX graph.

Winograd's algorithm for tiles of 4×4 outputs (`winograd.LARGE_TILES`) takes a quarter of the
multiplications: 36 numbers for each tile and channel, in which the convolution is one product of
36 pairs of matrices. Getting into them and out again are products too, mostly with a banded matrix
for a whole axis, as the FIR filter's. Their cost grows with the cube of the side, that of the
convolution with the square of the channels: it pays where maps are deep. On the smallest it does
not, for there 36 factors to read count for more than nine taps to multiply.

Shapes: I/O input/output channels, H/W sides of the maps, t/u tiles along them, p = 6 factors.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray

from tui_draggan.engines.torch.winograd import LARGE_TILES, Algorithm
from tui_draggan.export.graph_rewriting import Replacements, attributes, rewrite
from tui_draggan.export.graph_surgery import shapes

LEAST_SIDE = 32
LEAST_DEPTH = 4
"""Channels for each cell of the side."""
PLAIN = {
    "kernel_shape": [3, 3],
    "pads": [1] * 4,
    "strides": [1, 1],
    "dilations": [1, 1],
    "group": 1,
}
"""A padded convolution's attributes."""


def tile_convolutions(graph: onnx.GraphProto) -> None:
    """Rewrites, in place, each padded 3×3 convolution for which it pays: where its weight is an
    input or an initializer, and the graph notes the shape of its output."""
    rewrite(graph, _Tiles(graph, LARGE_TILES))


class _Tiles:
    """The rule for convolutions."""

    def __init__(self, graph: onnx.GraphProto, algorithm: Algorithm) -> None:
        self._algorithm = algorithm
        self._shapes = shapes(graph)
        self._weights = {value.name for value in (*graph.input, *graph.initializer)}

    def __call__(self, node: onnx.NodeProto, new: Replacements) -> None:
        if node.op_type == "Conv" and pays(node, self._shapes, self._weights):
            self._multiply(node, new)
        else:
            new.nodes.append(node)

    def _multiply(self, node: onnx.NodeProto, new: Replacements) -> None:
        """Factors along columns come before those along rows: so the last of the products into the
        tiles leaves them as the large product takes them."""
        (x, weight), y = node.input, node.output[0]
        outputs, inputs = self._shapes[weight][:2]
        height, width = self._shapes[y][-2:]
        count, size = len(self._algorithm.into), len(self._algorithm.out)
        down, across = height // size, width // size
        taps, small_out = self._algorithm.taps.numpy(), self._algorithm.out.numpy()
        into_rows, _ = spread(self._algorithm, height)
        into_columns, out_columns = spread(self._algorithm, width)

        def shaped(tensor: str, name: str, *shape: int) -> str:
            return new.add("Reshape", [tensor, new.integers(*shape)], f"{y}/{name}")

        def turned(tensor: str, *order: int) -> str:
            return new.add("Transpose", [tensor], f"{tensor}/turned", perm=order)

        def times(left: str, right: str, name: str) -> str:
            return new.add("MatMul", [left, right], name)

        def matrix(name: str, values: NDArray[np.float64], side: int = width) -> str:
            return new.constant(f"tiles_{side}/{name}", values, np.float32)

        # The weights' factors (p·p, O, I), folded once at load.
        by_taps = np.einsum("cw,rh->crhw", taps, taps).reshape(count * count, 3, 3)
        factors = [matrix("taps", by_taps), weight]
        kernel = new.add("Einsum", factors, f"{y}/kernel", equation="fhw,oihw->foi")

        # Rows (I, p·t, W), then columns (p, p·I·t, u), which is (p·p, I, t·u).
        rows = times(matrix("into_rows", into_rows, height), x, f"{y}/rows")
        rows = turned(shaped(rows, "by_channel", inputs, count, down * width), 1, 0, 2)
        rows = shaped(rows, "by_factor", 1, count * inputs * down, width)
        columns = into_columns.reshape(count, across, width).transpose(0, 2, 1)
        cells = times(rows, matrix("into_columns", columns), f"{y}/cells")
        cells = shaped(cells, "factors", count * count, inputs, down * across)

        products = times(kernel, cells, f"{y}/products")

        # Rows first again: (p, 4, O·t·u), as (O, H, p·u); then columns.
        back = shaped(products, "by_columns", count, count, outputs * down * across)
        back = times(matrix("out_rows", small_out), back, f"{y}/back")
        back = turned(shaped(back, "cut", count, size, outputs, down, across), 2, 3, 1, 0, 4)
        back = shaped(back, "whole", 1, outputs, height, count * across)
        times(back, matrix("out_columns", out_columns.T), y)


def pays(node: onnx.NodeProto, known: Mapping[str, Sequence[int]], weights: Container[str]) -> bool:
    """Whether a convolution runs in tiles. `known`: shapes; weights: which inputs are some."""
    given = attributes(node)
    if any(given.get(name) != value for name, value in PLAIN.items()):
        return False
    (_, weight, *bias), y = node.input, node.output[0]
    if bias or weight not in weights:
        return False
    *_, height, width = known.get(y, (0, 0))
    tiled = height % LARGE_TILES.step == width % LARGE_TILES.step == 0
    deep = max(height, width) <= min(known[weight][:2]) / LEAST_DEPTH
    return tiled and deep and min(height, width) >= LEAST_SIDE


def spread(algorithm: Algorithm, side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A plain algorithm's matrices for all tiles along an axis of a padded map: (p·t, S) into
    them, (S, p·t) out of them, a factor's places in all tiles one after the other."""
    into, out = algorithm.into.numpy(), algorithm.out.numpy()
    (count, reach), size = into.shape, len(out)
    tiles = side // size
    wide_into, wide_out = np.zeros((count, tiles, side + reach)), np.zeros((side, count, tiles))
    for tile in range(tiles):  # the first reads from cell −1 on, the padding
        first = size * tile
        wide_into[:, tile, first : first + reach] = into
        wide_out[first : first + size, :, tile] = out
    wide_into = wide_into[:, :, 1 : side + 1]
    return wide_into.reshape(count * tiles, side), wide_out.reshape(side, count * tiles)
