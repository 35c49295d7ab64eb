"""Boundary counts and boundary IoU by a published package, for ReferenceCountsTest.

Published: faster-coco-eval 1.8.0 (PyPI), which has mask_to_boundary of Cheng et al., "Boundary IoU" (CVPR 2021), with
the authors' OpenCV calls: core.mask.rleToBoundary(backend="opencv") and core.mask.iou. The authors' own boundary-iou-api
is not on PyPI. Its dilation_ratio is the published 0.02. The area counts are NumPy's sums.

The package's default backend, mask_api, is a second implementation, in C++. It is held against the first here, and
differs in two places, where it departs from the published code: it rounds a thickness of n + 1/2 down (45x60: 1 for 2)
and it takes a mask of one row to have no edge above and below.

Made with Python 3.11, faster-coco-eval 1.8.0, opencv-python-headless 5.0.0.93, numpy 2.4.6, scipy 1.17.1.
Run:  bin/stillhouse scenes --out SCENES --count 6 --seed 11 --size 96
      python boundary_iou.py SCENES NEU_SEG_FOLDER
      (writes random_masks, random_counts, scene_counts and neu_seg_counts .json beside itself)
"""

import json
import pathlib
import sys

import numpy as np
from faster_coco_eval.core import mask as published
from scipy.ndimage import gaussian_filter

from pairs import HERE, IGNORE, NEU_SEG_CLASSES, RANDOM_CLASSES, SCENE_CLASSES
from pairs import dump, neu_seg, random_pairs, scenes

PACKAGES = ("faster-coco-eval", "opencv-python-headless", "numpy", "scipy")


def diagonal(height, width):
    return 0.02 * np.sqrt(height**2 + width**2)


def boundary(binary):
    """The boundary region as the package's run lengths."""
    rle = published.encode(np.asfortranarray(binary[:, :, None]))[0]
    band = published.rleToBoundary(rle, backend="opencv")
    if diagonal(*binary.shape) % 1 != 0.5 and binary.shape[0] > 1:
        assert band == published.rleToBoundary(rle, backend="mask_api"), binary.shape
    return band


def thickness(height, width):
    """The package's, read off the boundary of a mask that fills the image."""
    band = published.decode([boundary(np.ones((height, width), np.uint8))])[:, :, 0]
    inside = np.flatnonzero(band[:, width // 2] == 0)
    return int(inside[0]) if inside.size else max(1, int(round(diagonal(height, width))))


def overlap(predicted, actual):
    return [int((predicted & actual).sum()), int(predicted.sum()), int(actual.sum())]


def counts(predicted, actual, classes):
    """Counts and boundary IoU of the foreground (0) and each class, ignored pixels cleared from both masks."""
    counted = (predicted != IGNORE) & (actual != IGNORE)
    area, edge, scores = [], [], []
    for c in range(classes + 1):
        p, t = ((m > 0 if c == 0 else m == c) & counted for m in (predicted, actual))
        p, t = p.astype(np.uint8), t.astype(np.uint8)
        bands = [boundary(p), boundary(t)]
        area.append(overlap(p, t))
        edge.append(overlap(*(published.decode([band])[:, :, 0] for band in bands)))
        present = p.any() or t.any()
        scores.append(float(published.iou(bands[:1], bands[1:], [0])[0][0]) if present else None)
    return {"area": area, "boundary": edge, "boundary_iou": scores}


def blobs(rng, height, width, grain):
    """A mask of smooth blobs: the class whose smoothed noise is largest, where it passes a threshold."""
    noise = np.stack([gaussian_filter(rng.standard_normal((height, width)), grain) for _ in range(RANDOM_CLASSES)])
    noise /= noise.std(axis=(1, 2), keepdims=True)
    mask = noise.argmax(0) + 1
    mask[noise.max(0) < rng.uniform(0.2, 1.2)] = 0
    return mask.astype(np.uint8)


def runs(mask):
    """Row-major run lengths: label, length, label, length, ..."""
    flat = mask.ravel()
    starts = np.flatnonzero(np.r_[True, flat[1:] != flat[:-1]])
    lengths = np.diff(np.r_[starts, flat.size])
    return [int(v) for pair in zip(flat[starts], lengths) for v in pair]


def random_masks():
    rng = np.random.default_rng(20261)
    masks = []
    # 100x75: 0.02 of its diagonal is 2.5, which rounds to 2.
    sizes = [(37, 53), (64, 48), (20, 20), (45, 60), (1, 30), (30, 1), (5, 5), (96, 160), (70, 35), (100, 75)]
    for number, (height, width) in enumerate(sizes):
        grain = 2.0 if number % 3 == 0 else 5.0
        predicted, actual = blobs(rng, height, width, grain), blobs(rng, height, width, grain)
        if number % 2 == 0:  # related masks, as a fair prediction is
            elsewhere = gaussian_filter(rng.standard_normal((height, width)), 3) > 0.1
            predicted = np.where(elsewhere, predicted, np.roll(actual, 1, axis=1))
        if number % 4 == 3:
            actual[gaussian_filter(rng.standard_normal((height, width)), 3) > 0.12] = IGNORE
        masks.append({"width": width, "height": height, "predicted": runs(predicted), "actual": runs(actual)})
    return masks


def cases(pairs, classes):
    return [
        name | {"thickness": thickness(*actual.shape)} | counts(predicted, actual, classes)
        for name, predicted, actual in pairs
    ]


if __name__ == "__main__":
    text = ",\n".join(json.dumps(v, separators=(",", ":")) for v in random_masks())
    (HERE / "random_masks.json").write_text("[\n" + text + "\n]\n")
    dump("random_counts.json", PACKAGES, cases(random_pairs(), RANDOM_CLASSES))
    dump("scene_counts.json", PACKAGES, cases(scenes(pathlib.Path(sys.argv[1])), SCENE_CLASSES))
    dump("neu_seg_counts.json", PACKAGES, cases(neu_seg(pathlib.Path(sys.argv[2])), NEU_SEG_CLASSES))
