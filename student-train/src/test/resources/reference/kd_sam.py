"""Frozen figures for embedding-mse and perceptual: values and gradients in float64, by torch and from the formulas alone.

  embedding-mse   torch.nn.functional.mse_loss of each sample.
  perceptual      the VGG of random weights as torch convolutions whose weights are drawn by a java.util.Random written here (48-bit
                  linear congruence, polar Gaussians, as Java's documentation has them); and an ONNX file of every operator that a
                  frozen network may have, written here node by node, held against ONNX Runtime, and computed a second time with torch.

Made with: Python 3.11, torch 2.7.1 (CPU), numpy 1.26.4, onnx 1.18.0, onnxruntime 1.23.2.
Run:       python kd_sam.py     (writes kd_sam_losses.json beside itself, for KdSamLossTest)
"""

import base64
import importlib.metadata
import json
import math
import pathlib
import platform

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
RANDOM = np.random.default_rng(20261127)
PACKAGES = ("torch", "numpy", "onnx", "onnxruntime")
FILE = {}  # the network's weights by name


class JavaRandom:
    def __init__(self, seed):
        self.state = (seed ^ 0x5DEECE66D) & ((1 << 48) - 1)
        self.kept = None

    def bits(self, n):
        self.state = (self.state * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
        return self.state >> (48 - n)

    def unit(self):
        return ((self.bits(26) << 27) + self.bits(27)) * 2.0**-53

    def gaussian(self):
        if self.kept is not None:
            value, self.kept = self.kept, None
            return value
        while True:
            a, b = 2 * self.unit() - 1, 2 * self.unit() - 1
            s = a * a + b * b
            if 0 < s < 1:
                break
        by = math.sqrt(-2 * math.log(s) / s)
        self.kept = b * by
        return a * by


def normal(*shape, scale=1.0):
    return (RANDOM.standard_normal(shape) * scale).astype(np.float32)


def pack(x):
    return {"shape": list(x.shape), "data": [float(f"{q:.9g}") for q in np.asarray(x).reshape(-1)]}


def regrid(x, g):
    h = x.shape[2]
    if h % g == 0:
        k = h // g
        return x.reshape(x.shape[0], x.shape[1], g, k, g, k).mean(dim=(3, 5))
    return F.interpolate(x, size=(g, g), mode="bilinear", align_corners=False)


def beside(v):
    t = v["teacherEmbedding"]
    x = regrid(v["embedding"], t.shape[2])
    name = "loss.embedding.adapter."
    return (F.conv2d(x, v[name + "weight"], v[name + "bias"]) if name + "weight" in v else x), t


def embedding_mse(case, v):
    s, t = beside(v)
    return torch.stack([F.mse_loss(s[b], t[b]) for b in range(len(s))])


def vgg(settings):
    random, into, weights = JavaRandom(settings.get("seed", 0)), 3, {}
    for block, count in enumerate((2, 2, 3)):
        out = settings["width"] << block
        for i in range(count):
            deviation = math.sqrt(2 / (into * 9))
            drawn = np.array([random.gaussian() * deviation for _ in range(out * into * 9)], np.float32)
            weights[f"{block + 1}_{i + 1}"] = torch.tensor(drawn.astype(np.float64).reshape(out, into, 3, 3))
            into = out
    layers = settings.get("layers", ["relu1_2", "relu2_2", "relu3_3"])

    def activations(x):
        found = {}
        for name, weight in weights.items():
            if name in ("2_1", "3_1"):
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(x, weight, padding=1))
            found["relu" + name] = x
        return [found[layer] for layer in layers]

    return activations


def directions(case, channels):
    if case["settings"].get("projection", "pca") == "pca":
        p = np.array(case["projection"]["directions"], np.float32)[:3]
        return torch.tensor(p.astype(np.float64)), torch.tensor(np.array(case["projection"]["mean"], np.float32).astype(np.float64))
    random, rows = JavaRandom(case["settings"].get("seed", 0)), []
    for _ in range(3):
        drawn = np.array([random.gaussian() for _ in range(channels)])
        rows.append(drawn.astype(np.float32) / np.float32(math.sqrt((drawn**2).sum())))
    return torch.tensor(np.array(rows).astype(np.float64)), torch.zeros(channels, dtype=torch.float64)


def perceptual(case, v):
    s, t = beside(v)
    p, mean = directions(case, t.shape[1])
    network = from_file if "onnx" in case else vgg(case["settings"])

    def see(x):
        return torch.einsum("kc,bchw->bkhw", p, x - mean[None, :, None, None])

    losses = []
    for b in range(len(t)):
        a, o = see(t[b : b + 1]), see(s[b : b + 1])
        deviation = a.std(correction=0)
        deviation = deviation if deviation > 1e-6 else 1.0
        pairs = list(zip(network(o / deviation), network(a / deviation)))
        losses.append(sum(F.mse_loss(x, y) for x, y in pairs) / len(pairs))
    return torch.stack(losses)


def tensor(name, *shape, scale=0.5, positive=False):
    value = normal(*shape, scale=scale)
    FILE[name] = np.abs(value) + np.float32(0.5) if positive else value
    return name


def make_file():
    """[B, 3, 8, 8]: every operator once at least, and a classifier of operators that are not known behind the last layer."""
    node = helper.make_node
    nodes = [
        node("Sub", ["image", tensor("centre", 1, 3, 1, 1)], ["centred"], "centring"),
        node("Div", ["centred", tensor("spread", 1, 3, 1, 1, positive=True)], ["normal"]),
        node("Conv", ["normal", tensor("w0", 4, 3, 3, 3), tensor("b0", 4)], ["c0"], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c0", tensor("g", 4), tensor("h", 4), tensor("m", 4), tensor("v", 4, positive=True)], ["n0"],
             epsilon=1e-3),
        node("Relu", ["n0"], ["r0"], "first/relu"),
        node("MaxPool", ["r0"], ["p0"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Conv", ["p0", tensor("w1", 4, 2, 3, 3)], ["c1"], pads=[2, 2, 2, 2], dilations=[2, 2], group=2),
        node("Dropout", ["c1"], ["d1"]),
        node("Sigmoid", ["d1"], ["s1"]),
        node("Mul", ["s1", "p0"], ["g1"]),
        node("GlobalAveragePool", ["g1"], ["a1"]),
        node("Add", ["a1", "c1"], ["e1"], "second"),
        node("Constant", [], ["half"], value=numpy_helper.from_array(np.array(0.5, np.float32), "half")),
        node("Mul", ["half", "e1"], ["f1"]),
        node("Tanh", ["f1"], ["t1"]),
        node("Identity", ["t1"], ["i1"]),
        node("Concat", ["i1", "p0"], ["k1"], axis=1),
        node("AveragePool", ["k1"], ["last"], kernel_shape=[2, 2], strides=[1, 1], pads=[1, 1, 1, 1]),
        node("Flatten", ["last"], ["flat"]),
        node("ReduceMean", ["flat"], ["answer"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, 8, 8])
    shapes = {"answer": [1, 1], "r0": ["N", 4, 8, 8], "e1": ["N", 4, 4, 4], "last": ["N", 8, 5, 5]}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    graph = helper.make_graph(nodes, "every operator", [image], outputs, [numpy_helper.from_array(v, k) for k, v in FILE.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    bytes_ = model.SerializeToString()
    x = normal(2, 3, 8, 8)
    ran = onnxruntime.InferenceSession(bytes_, providers=["CPUExecutionProvider"]).run(["r0", "e1", "last"], {"image": x})
    for a, b in zip(ran, from_file(torch.tensor(x.astype(np.float64)))):
        assert np.abs(a - b.numpy()).max() < 1e-5
    return base64.b64encode(bytes_).decode()


def from_file(x):
    w = {k: torch.tensor(v.astype(np.float64)) for k, v in FILE.items()}
    x = (x - w["centre"]) / w["spread"]
    x = F.conv2d(x, w["w0"], w["b0"], padding=1)
    r0 = F.relu(F.batch_norm(x, w["m"], w["v"], w["g"], w["h"], eps=float(np.float32(1e-3))))
    p0 = F.max_pool2d(r0, 3, 2, 1)
    c1 = F.conv2d(p0, w["w1"], padding=2, dilation=2, groups=2)
    e1 = (torch.sigmoid(c1) * p0).mean(dim=(2, 3), keepdim=True) + c1
    k1 = torch.cat([torch.tanh(0.5 * e1), p0], dim=1)
    return [r0, e1, F.avg_pool2d(k1, 2, 1, 1, count_include_pad=False)]


LOSSES = {"embedding-mse": embedding_mse, "perceptual": perceptual}


def case(name, loss, settings, *, cs=5, ct=5, hs=8, g=8, onnx_file=None, flat=False):
    basis = np.linalg.qr(RANDOM.standard_normal((ct, ct)))[0].astype(np.float32)
    inputs = {"embedding": normal(3, cs, hs, hs), "teacherEmbedding": normal(3, ct, g, g) + 0.5 * normal(1, ct, 1, 1)}
    if flat:
        inputs["teacherEmbedding"][1] = 0.25
    learned = {}
    if cs != ct:
        learned = {"loss.embedding.adapter.weight": normal(ct, cs, 1, 1, scale=0.4), "loss.embedding.adapter.bias": normal(ct, scale=0.4)}
    result = {
        "name": name,
        "loss": loss,
        "settings": settings,
        "grid": g,
        "projectionSettings": {"dimensions": 3, "teacherProjection": "pca", "varianceFloor": 0.9},
        "projection": {"mean": normal(ct).tolist(), "directions": basis.tolist()},
    }
    if onnx_file:
        result["onnx"] = onnx_file
    v = {k: torch.tensor(x.astype(np.float64)) for k, x in (inputs | learned).items()}
    for key in ("embedding", *learned):
        v[key].requires_grad_()
    per_sample = LOSSES[loss](result, v)
    per_sample.sum().backward()
    result["inputs"] = {key: pack(x) for key, x in inputs.items()}
    result["learned"] = {key: pack(x) for key, x in learned.items()}
    result["perSample"] = [float(f"{q:.12g}") for q in per_sample.detach()]
    result["gradients"] = {key: pack(x.grad.numpy()) for key, x in v.items() if x.grad is not None}
    result["roundings"] = 2
    return result


def cases():
    file = make_file()
    return [
        case("embedding MSE", "embedding-mse", {}),
        case("embedding MSE, finer student through an adapter", "embedding-mse", {}, cs=3, hs=16),
        case("embedding MSE, coarser student", "embedding-mse", {}, hs=6),
        case("perceptual, VGG, principal directions", "perceptual", {"width": 3}),
        case("perceptual, VGG, drawn directions, other layers and seed, through an adapter", "perceptual",
             {"width": 2, "projection": "random", "layers": ["relu2_1", "relu1_1"], "seed": 7}, cs=3, hs=16, ct=6),
        case("perceptual, a flat teacher's map is not stretched", "perceptual", {"width": 2}, flat=True),
        case("perceptual, an ONNX file of every operator", "perceptual", {"layers": ["first/relu", "second", "last"]}, onnx_file=file),
    ]


if __name__ == "__main__":
    versions = {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in PACKAGES}
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases())
    (HERE / "kd_sam_losses.json").write_text(json.dumps({"made_with": versions})[:-1] + ',\n"cases":[\n' + lines + "\n]}\n")
