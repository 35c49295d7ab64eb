"""Embeddings of the presets' random networks by their projects' documented preprocessing: what PresetTest holds Java against.

Run:  python preset_inputs.py > preset_inputs.json      (NumPy 1.26.4, ONNX Runtime 1.23.2)
Networks: teacher/random, made by tools/random_teachers.py. What each project documents is written out here once more, from
its own code and not from conf/teachers: so a mean, a deviation, a range or a size that differs there shows.
"""

import importlib.util
import json
import pathlib

import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 90, 60
CELLS = [(0, 3, 5), (100, 20, 40), (255, 30, 63), (7, 42, 11)]  # channel, row, column
IMAGENET = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
SAM = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])  # on bytes


def picture():
    i = np.arange(3 * WIDTH * HEIGHT, dtype=np.int64)
    return ((37 * i + 11 * (i // 7)) % 256).astype(np.float64).reshape(HEIGHT, WIDTH, 3)


def axis(size, out):
    m = np.zeros((out, size))
    for i in range(out):
        at = max(0, (i + 0.5) * size / out - 0.5)
        lo = min(int(at), size - 1)
        m[i, lo] += 1 - (at - lo)
        m[i, min(lo + 1, size - 1)] += at - lo
    return m


def enlarged(height, width):
    return np.stack([axis(HEIGHT, height) @ picture()[..., c] @ axis(WIDTH, width).T for c in range(3)])


def normalised(planes, mean, std):
    return (planes - mean.reshape(3, 1, 1)) / std.reshape(3, 1, 1)


def letter_boxed():
    """segment_anything: ResizeLongestSide(1024), pixel_mean and pixel_std, zeros to the right and below."""
    height, width = int(HEIGHT * 1024 / WIDTH + 0.5), 1024
    out = np.zeros((3, 1024, 1024))
    out[:, :height] = normalised(enlarged(height, width), *SAM)
    return out


def imagenet(side):
    """sam2's transforms, and the image processor of UPerNet: stretched, 0...1, ImageNet's mean and deviation."""
    return normalised(enlarged(side, side) / 255, *IMAGENET)


def unit():
    """EfficientSAM: 0...1, the network normalises and resizes by itself; its export takes any size."""
    return enlarged(1024, 1024) / 255


def by_onnx(file, output, planes):
    session = onnxruntime.InferenceSession(str(HERE / "teacher" / "random" / file))
    feed = {session.get_inputs()[0].name: planes[None].astype(np.float32)}
    return session.run([output], feed)[0][0]


def by_weights(planes):
    """The TorchScript network's embedding: means over 16x16 pixels, mixed by the third of its drawn matrices."""
    spec = importlib.util.spec_from_file_location("random_teachers", HERE.parents[4] / "tools" / "random_teachers.py")
    teachers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(teachers)
    random = teachers.draws("sam2-hiera-tiny-djl")
    mix = [(random.standard_normal((c, 3, 1, 1)) * 0.5).astype(np.float32) for c in (32, 64, 256)][2]
    pooled = planes.reshape(3, 64, 16, 64, 16).mean((2, 4))
    return np.tensordot(mix[:, :, 0, 0], pooled, 1)


embeddings = {}
for name in ("sam-vit-h", "sam-vit-b", "edge-sam"):
    embeddings[name] = by_onnx(name + ".encoder.onnx", "image_embeddings", letter_boxed())
for name in ("efficient-sam-ti", "efficient-sam-s"):
    embeddings[name] = by_onnx(name + ".encoder.onnx", "image_embeddings", unit())
embeddings["sam2-hiera-small"] = by_onnx("sam2-hiera-small.encoder.onnx", "image_embed", imagenet(1024))
embeddings["upernet-swin-large"] = by_onnx("upernet-swin-large.onnx", "embedding", imagenet(512))
for name in ("sam2-hiera-tiny-djl", "sam2-hiera-small-djl"):
    embeddings[name] = by_weights(imagenet(1024))  # both are adopted with the same file
print(json.dumps({name: [[*cell, round(float(e[cell]), 5)] for cell in CELLS] for name, e in embeddings.items()}, indent=1))
