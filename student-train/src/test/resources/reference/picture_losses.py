"""The losses on drawn scenes and on real images: picture_losses.json, for PictureLossTest.

What is published and by which packages: losses.py. E, C and D are scikit-image's and SciPy's, by structure.py of
teacher-cache's tests. Logits and embeddings are made from a picture and its mask in whole numbers over powers of two,
so that the test makes the same bits; their sums are kept beside the figures. Of a large gradient a few hundred elements
are kept, and its norm.

Run:  bin/stillhouse scenes --out SCENES --count 3 --seed 11 --size 64
      python picture_losses.py SCENES NEU_SEG_FOLDER     (writes picture_losses.json beside itself)
"""

import pathlib
import sys

import cv2
import numpy as np

from baselines import fusions, generator
from losses import HERE, dump, noise, pack, solve

sys.path.append(str(HERE.parents[4] / "teacher-cache/src/test/resources/reference"))
from structure import measures  # noqa: E402

RANDOM = np.random.default_rng(20260702)
BLOCK = 8  # pixels of a teacher's cell; the student's is half as wide
RADIUS = 7
STRIDES = (1, 13, 127, 251, 1801)  # of what is kept of a gradient; primes, so that no row or column is favoured


def blocks(a, n):
    height, width = a.shape[-2:]
    return a.reshape(*a.shape[:-2], height // n, n, width // n, n).mean(axis=(-3, -1))


def displaced(a):
    """Three pixels right and two up, zeros moving in."""
    moved = np.zeros_like(a)
    moved[:-2, 3:] = a[2:, :-3]
    return moved


def sample(green, mask, classes):
    """What a student and a teacher might say of a picture: the student sees it displaced."""
    of = np.arange(1, classes + 1)[:, None, None]
    truth, seen = (1.0 * (m == of) for m in (mask, displaced(mask)))
    across, down = np.zeros_like(green), np.zeros_like(green)
    across[:, :-1] = np.abs(np.diff(green, axis=1))
    down[:-1] = np.abs(np.diff(green, axis=0))
    valid = np.ones((1, *mask.shape))
    valid[..., -(mask.shape[1] // 8) :] = 0
    shown = displaced(green)
    teacher = blocks(np.stack([green / 64 - 2, green**2 / 16384, 2.0 * (mask > 0), across / 32]), BLOCK)
    encoded = np.stack([shown / 64 - 2, shown**2 / 16384, 2.0 * (displaced(mask) > 0), down / 32])
    return {
        "embedding": blocks(encoded, BLOCK // 2),
        "logits": 6 * seen - 3 + (green - 128) / 64,
        "truth": truth,
        "valid": valid,
        "teacherLogits": blocks(8 * truth - 4 + (128 - green) / 128, 2),
        "teacherEmbedding": teacher,
        "level0": blocks(encoded, BLOCK // 2),
        "level1": blocks(encoded, BLOCK),
        "structure": np.stack(measures(teacher, RADIUS)),
    }


def batch(pictures, classes):
    samples = [
        sample(cv2.imread(str(image))[:, :, 1].astype(np.float64), cv2.imread(str(mask), cv2.IMREAD_UNCHANGED), classes)
        for image, mask in pictures
    ]
    return {key: np.stack([s[key] for s in samples]) for key in samples[0]}


def normal(*shape, scale=1.0):
    return (RANDOM.standard_normal(shape) * scale).astype(np.float32)


def thinned(gradient):
    flat = gradient.reshape(-1)
    every = next(stride for stride in STRIDES if flat.size <= 250 * stride)
    return {"every": every, "norm": float(np.linalg.norm(flat))} | pack(flat[::every])


def case(name, inputs, which, loss, settings, learned=None):
    channels, grid = inputs["teacherEmbedding"].shape[1:3]
    basis = np.linalg.qr(RANDOM.standard_normal((channels, channels)))[0].astype(np.float32)
    result = {
        "name": f"{which}: {name}",
        "set": which,
        "loss": loss,
        "settings": settings,
        "grid": grid,
        "projectionSettings": {"dimensions": 3, "teacherProjection": "pca", "varianceFloor": 0.9},
        "projection": {"mean": normal(channels, scale=0.5).tolist(), "directions": basis.tolist()},
    }
    if loss == "denoising-score":
        result["noise"] = pack(noise(len(inputs["embedding"]), 3, grid, grid))
    if loss in ("cwd", "cwd-embedding"):
        result["roundings"] = 16  # T^2 times that of a logarithm near -8, which all positions share
    if loss == "mgd":
        result["noise"] = pack(np.floor(64 * RANDOM.random((len(inputs["embedding"]), 1, grid, grid))) / 64)
    learned = {key: normal(*shape, scale=0.4) for key, shape in (learned or {}).items()}
    v, per_sample = solve(result, inputs, learned)
    result["learned"] = {key: pack(x) for key, x in learned.items()}
    result["perSample"] = [float(f"{q:.12g}") for q in per_sample.detach()]
    result["gradients"] = {key: thinned(x.grad.numpy()) for key, x in v.items() if x.grad is not None}
    return result


def cases(which, inputs):
    projection = {"loss.representation.student.weight": (3, 4, 1, 1), "loss.representation.student.bias": (3,)}
    head = {
        "loss.denoising-score.head0.weight": (4, 6, 3, 3),
        "loss.denoising-score.head0.bias": (4,),
        "loss.denoising-score.head1.weight": (3, 4, 3, 3),
        "loss.denoising-score.head1.bias": (3,),
    }
    full = {"weighting": "full", "components": "unit-mean"}
    score = full | {"conditioning": "teacher-and-student", "alpha": 0.5, "kernel": 3, "hidden": 4}
    listed = [
        ("cosine", "cosine", {}),
        ("cosine centred", "cosine", {"centre": True}),
        ("cosine by channel", "cosine", {"axis": "channel"}),
        ("soft BCE", "soft-bce", {}),
        ("soft BCE, both softened", "soft-bce", {"temperature": 3.5, "studentTemperature": True}),
        ("Dice", "dice", {}),
        ("Dice, empty truth 1", "dice", {"emptyTruth": "one"}),
        ("BCE", "bce", {}),
        ("BCE, one positive weight", "bce", {"positiveWeight": 3}),
        ("consistency, full", "feature-consistency", full, projection),
        ("consistency, E+C raw", "feature-consistency", {"weighting": "E+C", "components": "raw"}, projection),
        ("denoising", "denoising-score", score, projection | head),
    ]
    return [case(name, inputs, which, *rest) for name, *rest in listed]


def baselines(which, inputs):
    listed = [
        ("cwd", "cwd", {}),
        ("cwd of embeddings", "cwd-embedding", {}),
        ("skd, pixels", "skd-pixel", {}),
        ("skd, pairs", "skd-pair", {"nodes": 8}),
        ("dkd", "dkd", {"beta": 2.0, "temperature": 2.0}),
        ("cross-entropy", "cross-entropy", {}),
        ("mgd", "mgd", {"masked": 0.75}, generator(4, 4)),
        ("review", "review", {"width": 3}, fusions([(4, 0), (4, 0)], 3, 4)),
    ]
    return [case(name, inputs, which, *rest) for name, *rest in listed]


def scenes(folder):
    return [(i, folder / "masks" / i.name) for i in sorted((folder / "images").glob("*.png"))]


def neu_seg(folder):
    images = sorted((folder / "images" / "test").glob("*.jpg"))[::280]
    return [(i, folder / "annotations" / "test" / f"{i.stem}.png") for i in images]


if __name__ == "__main__":
    sets, listed, batches = {}, [], {}
    for which, pictures, classes in (
        ("scenes", scenes(pathlib.Path(sys.argv[1])), 4),
        ("neu-seg", neu_seg(pathlib.Path(sys.argv[2])), 3),
    ):
        inputs = batch(pictures, classes)
        exact = {key: float(x.sum()) for key, x in inputs.items() if key != "structure"}
        sets[which] = {"images": [i.name for i, _ in pictures], "classes": classes, "sums": exact}
        listed += cases(which, inputs)
        batches[which] = inputs
    for which, inputs in batches.items():  # after all others: one generator draws for all
        listed += baselines(which, inputs)
    dump("picture_losses.json", {"sets": sets}, listed)
