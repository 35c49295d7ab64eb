"""Masks as other tools write them, and what they score: NumPy 2.4.6, OpenCV 4.10.0, pycocotools 2.0.11.

    python3 -m venv V && V/bin/pip install numpy==2.4.6 opencv-python-headless==4.10.0.84 pycocotools==2.0.11
    V/bin/python predictions.py          # beside this file

Five images of two classes and unequal sizes. png/, npy/ (one of each integer type), logits/ (float32 and float64, at a third of
the size), masks.npz and results.json (compressed and plain run lengths, image ids without their zeros, two overlapping instances)
hold predictions; truth/ holds the truth, some of it ignored (255). expected.json has, for each form, the counts of each image:
[area, boundary][foreground, 1, 2][intersection, predicted, actual], ignored pixels cleared from both masks, bands by erosions.
"""

import json
import pathlib
import shutil

import cv2
import numpy as np
from pycocotools import mask as coco

HERE = pathlib.Path(__file__).parent
SIZES = [(37, 29), (64, 20), (21, 65), (30, 30), (50, 41)]  # height, width
TYPES = ["u1", "<i2", "<u4", "<i8", "|b1"]


def boundary(mask, d):
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return mask - cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=d)[1:-1, 1:-1]


def overlap(p, t):
    return [int(np.count_nonzero(p & t)), int(np.count_nonzero(p)), int(np.count_nonzero(t))]


def counts(predicted, truth):
    height, width = truth.shape
    d = max(1, int(round(0.02 * np.sqrt(height**2 + width**2))))
    seen = truth != 255
    area, edge = [], []
    for c in range(3):
        p, t = (((m > 0 if c == 0 else m == c) & seen).astype(np.uint8) for m in (predicted, truth))
        area.append(overlap(p, t))
        edge.append(overlap(boundary(p, d), boundary(t, d)))
    return [area, edge]


def drawn(random, shape, classes=2):
    mask = np.zeros(shape, np.uint8)
    for _ in range(random.integers(2, 6)):
        y, x = random.integers(0, shape[0]), random.integers(0, shape[1])
        mask[y : y + random.integers(3, 20), x : x + random.integers(3, 20)] = random.integers(1, classes + 1)
    return mask


def upsampled(logits, shape):
    """Bilinear with half-pixel centres, in float32 as ours; no value of the drawn logits is near a tie."""
    big = np.stack([cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_LINEAR) for plane in logits])
    return np.where(big.max(0) > 0, big.argmax(0) + 1, 0).astype(np.uint8)


def runs(binary):
    flat = binary.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return ([0] if flat[0] else []) + lengths


def main():
    random = np.random.default_rng(7)
    for name in ("truth", "png", "npy", "logits"):
        shutil.rmtree(HERE / name, ignore_errors=True)
        (HERE / name).mkdir()
    arrays, results, expected = {}, [], {form: {} for form in ("masks", "npy", "logits", "results")}
    for i, shape in enumerate(SIZES):
        name = f"{i:03d}"
        truth, mask = drawn(random, shape), drawn(random, shape)
        truth[:4, -9:] = 255
        cv2.imwrite(str(HERE / "truth" / f"{name}.png"), truth)
        cv2.imwrite(str(HERE / "png" / f"{name}.png"), mask)
        arrays[name] = mask
        typed = (mask > 0 if TYPES[i] == "|b1" else mask).astype(TYPES[i])
        np.save(HERE / "npy" / f"{name}.npy", typed)
        logits = cv2.GaussianBlur(random.standard_normal((*shape, 2)).astype(np.float32), (0, 0), 3)[::3, ::3].transpose(2, 0, 1)
        np.save(HERE / "logits" / f"{name}.npy", np.ascontiguousarray(logits, "<f4" if i % 2 else "<f8"))
        for c in (1, 2):
            binary = (mask == c).astype(np.uint8)
            rle = coco.encode(np.asfortranarray(binary))
            plain = {"size": list(shape), "counts": runs(binary)}
            text = {"size": rle["size"], "counts": rle["counts"].decode()}
            results.append({"image_id": i, "category_id": c, "segmentation": plain if i == 3 else text, "score": 0.9})
        # Worse than the others, so it lies under them; over background it shows.
        under = np.zeros(shape, np.uint8)
        under[5:12, 2:14] = 1
        rle = coco.encode(np.asfortranarray(under))
        results.append({"image_id": i, "category_id": 2, "score": 0.2, "segmentation": {"size": rle["size"], "counts": rle["counts"].decode()}})
        expected["masks"][name] = counts(mask, truth)
        expected["npy"][name] = counts(typed.astype(np.uint8), truth)
        expected["logits"][name] = counts(upsampled(logits, shape), truth)
        expected["results"][name] = counts(np.where((mask == 0) & (under == 1), 2, mask), truth)
    np.savez(HERE / "masks.npz", **arrays)
    (HERE / "results.json").write_text(json.dumps(results))
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1))


if __name__ == "__main__":
    main()
