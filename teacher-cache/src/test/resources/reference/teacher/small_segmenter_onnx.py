"""Makes small-segmenter.onnx: the network of small_segmenter_torch.py, batch fixed at 2.

Run with onnx 1.18.0: python small_segmenter_onnx.py
"""
import onnx
from onnx import TensorProto, helper, numpy_helper

from small_segmenter_weights import weights

conv = dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
nodes = [
    helper.make_node("Conv", ["image", "w1", "b1"], ["c1"], **conv),
    helper.make_node("Relu", ["c1"], ["r1"]),
    helper.make_node("Conv", ["r1", "w2", "b2"], ["features"], **conv),
    helper.make_node("Relu", ["features"], ["r2"]),
    helper.make_node("Conv", ["r2", "w3", "b3"], ["classes"], kernel_shape=[1, 1]),
]
value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
graph = helper.make_graph(
    nodes,
    "small-segmenter",
    [value("image", [2, 3, 32, 32])],
    [value("features", [2, 6, 8, 8]), value("classes", [2, 2, 8, 8])],
    [numpy_helper.from_array(v, k) for k, v in weights().items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, "small-segmenter.onnx")
