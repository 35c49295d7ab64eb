"""Boundary counts by the published code's own steps, for ReferenceCountsTest.

Published: mask_to_boundary of Cheng et al., "Boundary IoU" (CVPR 2021): cv2.copyMakeBorder by one zero pixel,
cv2.erode with a 3x3 square `dilation` times, mask minus eroded. Written anew here, with the same OpenCV calls.

Made with Python 3.11, opencv-python-headless 5.0.0.93, numpy 2.4.6, scipy 1.17.1.
Run:  python boundary_iou.py NEU_SEG_FOLDER   (writes random_masks, random_counts and neu_seg_counts .json beside itself)
"""

import json
import pathlib
import sys

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

HERE = pathlib.Path(__file__).parent
CLASSES = 3
IGNORE = 255


def thickness(height, width):
    return max(1, int(round(0.02 * np.sqrt(height**2 + width**2))))


def boundary(binary):
    height, width = binary.shape
    padded = cv2.copyMakeBorder(binary, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=thickness(height, width))
    return binary - eroded[1 : height + 1, 1 : width + 1]


def overlap(predicted, actual):
    return [int((predicted & actual).sum()), int(predicted.sum()), int(actual.sum())]


def counts(predicted, actual):
    """Area and boundary counts of the foreground (0) and of each class, ignored pixels cleared from both."""
    counted = (predicted != IGNORE) & (actual != IGNORE)
    area, edge = [], []
    for c in range(CLASSES + 1):
        p, t = ((m > 0 if c == 0 else m == c) & counted for m in (predicted, actual))
        p, t = p.astype(np.uint8), t.astype(np.uint8)
        area.append(overlap(p, t))
        edge.append(overlap(boundary(p), boundary(t)))
    return {"area": area, "boundary": edge}


def blobs(rng, height, width, grain):
    """A mask of smooth blobs: the class whose smoothed noise is largest, where it passes a threshold."""
    noise = np.stack([gaussian_filter(rng.standard_normal((height, width)), grain) for _ in range(CLASSES)])
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


def random_cases():
    rng = np.random.default_rng(20261)
    masks, cases = [], []
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
        cases.append({"thickness": thickness(height, width), **counts(predicted, actual)})
    return masks, cases


def shift(mask, dx, dy):
    moved = np.zeros_like(mask)
    height, width = mask.shape
    moved[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)] = mask[
        max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)
    ]
    return moved


def shrink(mask):
    """Each class eroded by a 5x5 square, the outside being background."""
    out = np.zeros_like(mask)
    for c in range(1, CLASSES + 1):
        padded = cv2.copyMakeBorder((mask == c).astype(np.uint8), 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
        kept = cv2.erode(padded, np.ones((5, 5), np.uint8))[2:-2, 2:-2]
        out[kept == 1] = c
    return out


def real_cases(folder):
    files = sorted((folder / "annotations" / "test").glob("*.png"))[::35]
    cases = []
    for number, file in enumerate(files):
        actual = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        other = cv2.imread(str(files[(number + 1) % len(files)]), cv2.IMREAD_UNCHANGED)
        pairs = {
            "shift 3 -2": shift(actual, 3, -2),
            "shift -1 1": shift(actual, -1, 1),
            "shrink": shrink(actual),
            "other": other,
        }
        for how, predicted in pairs.items():
            cases.append({"file": file.name, "other": files[(number + 1) % len(files)].name, "prediction": how}
                         | counts(predicted, actual))
    return cases


def dump(name, value):
    text = ",\n".join(json.dumps(v, separators=(",", ":")) for v in value)
    (HERE / name).write_text("[\n" + text + "\n]\n")


if __name__ == "__main__":
    masks, random = random_cases()
    dump("random_masks.json", masks)
    dump("random_counts.json", random)
    dump("neu_seg_counts.json", real_cases(pathlib.Path(sys.argv[1])))
