"""Reference figures for stillhouse.structure, in float64, by published packages.

Published: scikit-image 0.26.0 (PyPI), feature.structure_tensor and structure_tensor_eigenvalues; SciPy 1.17.1,
ndimage.generic_filter with NumPy's nanvar for the windows. Convention: sigma=0 (no Gaussian over the products),
mode="mirror" (the border cell itself not repeated), the tensors of the channels added up before the eigenvalues, and
windows that are clipped at the image: cells outside it are NaN. E = l1 - l2 and C = sqrt(l1 l2) are SARD's; no package
has them, nor W, which is NumPy written from the formulas. kornia's spatial_gradient repeats the border, so it is no match.

Nothing is shared with the Java code: no first value is subtracted, E and C come from eigenvalues, and each window is
cut out and its variance taken. OpenCV's Sobel (5.0.0) is held against scikit-image's here.

Made with Python 3.11, scikit-image 0.26.0, scipy 1.17.1, numpy 2.4.6, opencv-python-headless 5.0.0.93.
Run:  bin/stillhouse scenes --out SCENES --count 4 --seed 11 --size 192
      python structure.py SCENES NEU_SEG_FOLDER     (writes structure.json and structure_pictures.json beside itself)
"""

import importlib.metadata
import json
import pathlib
import platform
import sys

import cv2
import numpy as np
from scipy.ndimage import generic_filter
from skimage.feature import structure_tensor, structure_tensor_eigenvalues

HERE = pathlib.Path(__file__).parent
PACKAGES = ("scikit-image", "scipy", "numpy", "opencv-python-headless")
EVERY = 61  # the cells of a picture that are kept: the first of each so many


def summed_tensor(features):
    """Arr, Arc, Acc, each added up over the channels."""
    rows = features.shape[1]  # scikit-image takes no single row: it stands for three equal ones, as when mirrored
    tall = features if rows > 1 else np.repeat(features, 3, axis=1)
    tensor = sum(np.stack(structure_tensor(f, sigma=0, mode="mirror", order="rc"))[:, :rows] for f in tall)
    across, down = (
        [cv2.Sobel(f, cv2.CV_64F, x, y, ksize=3, borderType=cv2.BORDER_REFLECT_101) for f in features]
        for x, y in ((1, 0), (0, 1))
    )
    for mine, (a, b) in zip(tensor, ((down, down), (down, across), (across, across))):
        np.testing.assert_allclose(mine, sum(p * q for p, q in zip(a, b)), rtol=1e-12, atol=1e-12 * tensor.max())
    return list(tensor)


def measures(features, radius):
    """E, C and D of [C, H, W]."""
    high, low = structure_tensor_eigenvalues(summed_tensor(features))
    size = 2 * radius + 1
    dispersion = sum(generic_filter(f, np.nanvar, size=size, mode="constant", cval=np.nan) for f in features)
    return high - low, np.sqrt(np.maximum(low, 0) * high), dispersion


def weights(parts, betas, unit_mean):
    score = sum(b * (p / p.mean() if unit_mean else p) for b, p in zip(betas, parts) if p.mean() > 0)
    return score / score.sum()


def maps(features, radius):
    parts = measures(features, radius)
    return dict(zip("ecd", parts)) | {
        "full_unit_mean": weights(parts, (2, 1, 1), True),
        "full_raw": weights(parts, (2, 1, 1), False),
        "e_c_unit_mean": weights(parts, (2, 1, 0), True),
    }


def flat(a):
    return [float(v) for v in np.asarray(a).ravel()]


def case(name, features, radius):
    features = np.asarray(features, np.float32).astype(np.float64)
    out = {"name": name, "shape": list(features.shape), "radius": radius, "features": flat(features)}
    return out | {key: flat(m) for key, m in maps(features, radius).items()}


def random_cases():
    random = np.random.default_rng(7)
    step = np.zeros((1, 7, 8))
    step[:, :, 4:] = 1
    corner = np.zeros((2, 9, 9))
    corner[0, 4:, 4:] = 3
    corner[1, :5, 3:] = -2
    noise = random.normal(size=(6, 9, 11)) + random.normal(size=(6, 1, 1)) * 5
    return [
        case("random", noise, 2),
        case("random, window beyond the image", noise[:2], 20),
        case("random, one row", noise[:3, :1], 1),
        case("step edge", step, 1),
        case("corner", corner, 2),
    ]


def blocks(a):
    height, width = a.shape
    return a.reshape(height // 4, 4, width // 4, 4).mean(axis=(1, 3))


def picture(image, mask):
    """Features [3, H/4, W/4] of a picture: means over 4x4 pixels of its green, of its square, and of what is a defect.

    Each value is a whole number over a power of two, so the test has the same bits.
    """
    green = cv2.imread(str(image))[:, :, 1].astype(np.float64)
    defect = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED) > 0
    return np.stack([blocks(green), blocks(green**2) / 256, 64 * blocks(defect.astype(np.float64))])


def picture_case(image, mask):
    features = picture(image, mask)
    out = {"file": image.name, "shape": list(features.shape), "sums": flat(features.sum(axis=(1, 2)))}
    for key, m in maps(features, 7).items():
        out[key] = {"largest": float(m.max()), "cells": [float(f"{v:.10g}") for v in m.ravel()[::EVERY]]}
    return out


def scenes(folder):
    return [picture_case(i, folder / "masks" / i.name) for i in sorted((folder / "images").glob("*.png"))]


def neu_seg(folder):
    images = sorted((folder / "images" / "test").glob("*.jpg"))[::70]
    return [picture_case(i, folder / "annotations" / "test" / f"{i.stem}.png") for i in images]


def dump(name, **lists):
    made = {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in PACKAGES}
    text = ",\n".join(
        f'"{key}":[\n' + ",\n".join(json.dumps(v, separators=(",", ":")) for v in values) + "\n]"
        for key, values in lists.items()
    )
    (HERE / name).write_text('{"made_with":' + json.dumps(made) + ",\n" + text + "}\n")


if __name__ == "__main__":
    dump("structure.json", cases=random_cases())
    dump(
        "structure_pictures.json",
        scenes=scenes(pathlib.Path(sys.argv[1])),
        neu_seg=neu_seg(pathlib.Path(sys.argv[2])),
    )
