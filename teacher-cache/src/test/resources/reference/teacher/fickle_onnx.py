"""Makes fickle.onnx: its features are the image, without the last channel where the image's mean is over 0.75.

Run with onnx 1.18.0: python fickle_onnx.py
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

constants = {"limit": np.array([0.75], "f4"), "three": np.array([3], "i8"), "zero": np.array([0], "i8"),
             "channels": np.array([1], "i8")}
nodes = [
    helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
    helper.make_node("Greater", ["mean", "limit"], ["light"]),
    helper.make_node("Cast", ["light"], ["fewer"], to=TensorProto.INT64),
    helper.make_node("Sub", ["three", "fewer"], ["count"]),
    helper.make_node("Slice", ["image", "zero", "count", "channels"], ["features"]),
]
value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
graph = helper.make_graph(
    nodes, "fickle", [value("image", [1, 3, 32, 32])], [value("features", [1, "C", 32, 32])],
    [numpy_helper.from_array(v, k) for k, v in constants.items()])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, "fickle.onnx")
