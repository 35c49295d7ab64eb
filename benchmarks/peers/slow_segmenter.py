"""A plain segmenter of a chosen cost, with random weights: a teacher for the throughput benchmark and the soak.

    .venv/bin/python benchmarks/peers/slow_segmenter.py OUT_FOLDER --side 160 --width 64 --layers 4

writes OUT_FOLDER/teacher.onnx and OUT_FOLDER/teacher.yaml: `layers` convolutions of 3×3 over `width` channels at half
the input's side, an embedding [width, side/4, side/4] and logits of three classes.
"""

import argparse
import hashlib
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

YAML = """name: random-{side}x{width}x{layers}
engine: onnxruntime
files: {{encoder: {{source: "file:teacher.onnx", sha256: {sha256}}}}}
input: {{height: {side}, width: {side}, resize: direct, scale: "0..1", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}
layers: {{embedding: embedding}}
logits: logits
"""


def network(side, width, layers):
    random = np.random.default_rng(1)
    weights, nodes, value = [], [], "image"

    def convolution(output, channels, out, kernel, stride):
        name = f"w{len(weights)}"
        scale = (2 / (channels * kernel * kernel)) ** 0.5
        array = (scale * random.standard_normal((out, channels, kernel, kernel))).astype("f4")
        weights.append(numpy_helper.from_array(array, name))
        pads = [kernel // 2] * 4
        nodes.append(helper.make_node("Conv", [value, name], [output], strides=[stride] * 2, pads=pads))

    for i in range(layers):
        stride = 2 if i in (0, layers - 1) else 1
        convolution(f"c{i}", 3 if i == 0 else width, width, 3, stride)
        value = "embedding" if i == layers - 1 else f"r{i}"
        nodes.append(helper.make_node("Relu", [f"c{i}"], [value]))
    convolution("logits", width, 3, 1, 1)
    cells = side // 4

    def tensor(name, channels, size):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, size, size])

    outputs = [tensor("embedding", width, cells), tensor("logits", 3, cells)]
    graph = helper.make_graph(nodes, "random", [tensor("image", 3, side)], outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--layers", type=int, default=4, choices=range(2, 33), metavar="2…32")
    args = parser.parse_args()
    if args.side % 4:
        parser.error(f"--side {args.side} (must be a multiple of 4)")
    model = network(args.side, args.width, args.layers)
    onnx.checker.check_model(model)
    args.out.mkdir(parents=True, exist_ok=True)
    data = model.SerializeToString()
    (args.out / "teacher.onnx").write_bytes(data)
    yaml = YAML.format(side=args.side, width=args.width, layers=args.layers, sha256=hashlib.sha256(data).hexdigest())
    (args.out / "teacher.yaml").write_text(yaml)
    print(f"{args.out}/teacher.yaml: {len(data)} bytes of ONNX")


if __name__ == "__main__":
    main()
