"""Writes tiny_segmenter.onnx: the smallest network of an exported student's form, for OnnxSegmenterTest.

Made with Python 3.11, onnx 1.18.0, numpy 1.26.4.   Run:  python tiny_segmenter.py
conv 3 -> 2 (4x4, stride 4), then resize back by 4; every number below is what the test works with by hand.
Logit 1 = 4 * mean(red) - 2, logit 2 = 4 * mean(green) - 2, over each 4x4 cell.
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HEIGHT, WIDTH, CLASSES = 16, 24, 2

weight = np.zeros((CLASSES, 3, 4, 4), np.float32)
weight[0, 0] = weight[1, 1] = 4 / 16
bias = np.full(CLASSES, -2, np.float32)

nodes = [
    helper.make_node("Conv", ["image", "weight", "bias"], ["embedding"], kernel_shape=[4, 4], strides=[4, 4]),
    helper.make_node(
        "Resize", ["embedding", "", "scales"], ["logits"], mode="linear", coordinate_transformation_mode="half_pixel"
    ),
]


def tensor(name, channels, height, width):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", channels, height, width])


graph = helper.make_graph(
    nodes,
    "tiny_segmenter",
    [tensor("image", 3, HEIGHT, WIDTH)],
    [tensor("logits", CLASSES, HEIGHT, WIDTH), tensor("embedding", CLASSES, HEIGHT // 4, WIDTH // 4)],
    [
        numpy_helper.from_array(weight, "weight"),
        numpy_helper.from_array(bias, "bias"),
        numpy_helper.from_array(np.array([1, 1, 4, 4], np.float32), "scales"),
    ],
)


def write(name, metadata):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, pathlib.Path(__file__).with_name(name))


full = {"stillhouse.classes": "red,green", "stillhouse.height": str(HEIGHT), "stillhouse.width": str(WIDTH)}
write("tiny_segmenter.onnx", full)
write("no_height.onnx", {k: v for k, v in full.items() if k != "stillhouse.height"})
write("three_classes.onnx", full | {"stillhouse.classes": "red,green,blue"})
write("other_size.onnx", full | {"stillhouse.width": "32"})
