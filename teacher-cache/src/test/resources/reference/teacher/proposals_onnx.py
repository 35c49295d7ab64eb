#!/usr/bin/env python3
"""Makes rounds.proposals.onnx: what proposes one box, whatever the embedding, for the network of rounds_onnx.py.

Run:     python proposals_onnx.py          (onnx 1.18.0, numpy 2.4.6)

Of 16x16 cells of 16 pixels the one in row 3 and column 5, with its middle at (88, 56), has a score of 0.8 and two cells to each side:
the box (56, 24, 120, 88). All others have a score of 0.2 and a box of a fifth of a cell.
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

GRID = 16
scores = np.full((1, 1, GRID, GRID), 0.2, np.float32)
distances = np.full((1, 4, GRID, GRID), 0.1, np.float32)
scores[0, 0, 3, 5] = 0.8
distances[0, :, 3, 5] = 2

value = lambda name, channels: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, GRID, GRID])
constants = {"s": scores, "d": distances, "zero": np.zeros(1, np.float32)}
nodes = [
    helper.make_node("ReduceSum", ["image_embeddings"], ["sum"], keepdims=0),
    helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
    helper.make_node("Add", ["s", "nothing"], ["scores"]),
    helper.make_node("Add", ["d", "nothing"], ["distances"]),
]
graph = helper.make_graph(
    nodes,
    "proposals",
    [value("image_embeddings", 8)],
    [value("scores", 1), value("distances", 4)],
    [numpy_helper.from_array(v, k) for k, v in constants.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, pathlib.Path(__file__).with_name("rounds.proposals.onnx"))
