#!/usr/bin/env python3
"""Makes rounds.encoder.onnx and rounds.decoder.onnx: SAM's interface at a quarter of its sides, with masks that can be worked out by hand.

Run:     .venv/bin/python rounds_onnx.py          (onnx 1.18.0, numpy 1.26.4)

The encoder averages cells of 16x16 of an input of 256x256. Candidate k of the decoder is, in the input's pixels,
    -5 within RADII[k] of a background point, else
     5 within RADII[k] of a foreground point or inside the box, else
    the mask of the round before, or -1 where there is none.
So what a round has found is kept if, and only if, its mask is handed on; and only points that are asked now can take it away.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, GRID, MASK = 256, 16, 64
RADII = [24.0, 8.0, 16.0, 32.0]
IOUS = [0.95, 0.6, 0.9, 0.7]
FLOAT = TensorProto.FLOAT

nodes, constants = [], []


def constant(value, dtype=np.float32):
    name = f"c{len(constants)}"
    constants.append(numpy_helper.from_array(np.array(value, dtype), name))
    return name


def op(kind, *inputs, out=None, **attributes):
    name = out or f"n{len(nodes)}"
    nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
    return name


def save(file, inputs, outputs):
    value = lambda v: helper.make_tensor_value_info(v[0], FLOAT, v[1])
    graph = helper.make_graph(nodes, "rounds", [value(v) for v in inputs], [value(v) for v in outputs], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, file)
    nodes.clear()
    constants.clear()


weights = np.linspace(-1, 1, 24, dtype=np.float32).reshape(8, 3, 1, 1)
pooled = op("AveragePool", "image", kernel_shape=[16, 16], strides=[16, 16])
op("Conv", pooled, constant(weights), out="image_embeddings")
save("rounds.encoder.onnx", [("image", [1, 3, SIDE, SIDE])], [("image_embeddings", [1, 8, GRID, GRID])])


def any_of(covers, labels, wanted):
    """[1, P, M, h, w] and [1, P] -> [1, M, h, w]: whether a point of the label covers the place."""
    its = op("Cast", op("Equal", labels, constant(float(wanted))), to=FLOAT)
    its = op("Unsqueeze", its, constant([2, 3, 4], np.int64))
    return op("ReduceMax", op("Mul", covers, its), axes=[1], keepdims=0)


def beyond(line, axis_index, label, sign):
    """Whether a place is on the inner side of the corner with the label; 0 where there is no box."""
    at = op("Unsqueeze", op("Gather", "point_coords", constant([axis_index], np.int64), axis=2), constant([3, 4], np.int64))
    inner = op("GreaterOrEqual", op("Mul", op("Sub", constant(line), at), constant(float(sign))), constant(0.0))
    return any_of(op("Cast", inner, to=FLOAT), "point_labels", label)


centres = (np.arange(MASK) + 0.5) * SIDE / MASK
across, down = centres.reshape(1, 1, 1, 1, MASK), centres.reshape(1, 1, 1, MASK, 1)
squares = None
for i, line in enumerate([across, down]):
    at = op("Unsqueeze", op("Gather", "point_coords", constant([i], np.int64), axis=2), constant([3, 4], np.int64))
    off = op("Sub", constant(line), at)
    squares = op("Mul", off, off) if squares is None else op("Add", squares, op("Mul", off, off))
limits = constant(np.array([r * r for r in RADII]).reshape(1, 1, 4, 1, 1))
covers = op("Cast", op("Less", squares, limits), to=FLOAT)
inside = op("Mul", op("Mul", beyond(across, 0, 2, 1), beyond(across, 0, 3, -1)), op("Mul", beyond(down, 1, 2, 1), beyond(down, 1, 3, -1)))
half = constant(0.5)
found = op("Greater", op("Max", any_of(covers, "point_labels", 1), inside), half)
taken = op("Greater", any_of(covers, "point_labels", 0), half)
before = op("Where", op("Greater", "has_mask_input", half), "mask_input", constant(-1.0))
masks = op("Where", taken, constant(-5.0), op("Where", found, constant(5.0), before))
nothing = op("Mul", op("Add", op("ReduceSum", "image_embeddings", keepdims=0), op("ReduceSum", "orig_im_size", keepdims=0)), constant(0.0))
op("Add", masks, nothing, out="low_res_masks")  # an exporter drops inputs that nothing reads
op("Add", constant(np.array(IOUS).reshape(1, 4)), nothing, out="iou_predictions")
op("Identity", "low_res_masks", out="masks")
save("rounds.decoder.onnx",
     [("image_embeddings", [1, 8, GRID, GRID]), ("point_coords", [1, "points", 2]), ("point_labels", [1, "points"]),
      ("mask_input", [1, 1, MASK, MASK]), ("has_mask_input", [1]), ("orig_im_size", [2])],
     [("masks", [1, 4, MASK, MASK]), ("iou_predictions", [1, 4]), ("low_res_masks", [1, 4, MASK, MASK])])
