"""The pairs of masks that boundary_iou.py and overlap_scores.py score, and ReferenceCountsTest after them.

Random masks lie in random_masks.json. Drawn and real masks are not kept here, only the figures: the test draws the
scenes itself, and reads NEU-Seg where it is there.
"""

import importlib.metadata
import json
import pathlib
import platform

import cv2
import numpy as np

HERE = pathlib.Path(__file__).parent
IGNORE = 255
RANDOM_CLASSES, SCENE_CLASSES, NEU_SEG_CLASSES = 3, 4, 3


def unrun(pair, which):
    runs = pair[which]
    return np.repeat(np.uint8(runs[0::2]), runs[1::2]).reshape(pair["height"], pair["width"])


def random_pairs():
    for pair in json.loads((HERE / "random_masks.json").read_text()):
        yield {}, unrun(pair, "predicted"), unrun(pair, "actual")


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
    for c in range(1, mask.max() + 1):
        padded = cv2.copyMakeBorder((mask == c).astype(np.uint8), 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
        kept = cv2.erode(padded, np.ones((5, 5), np.uint8))[2:-2, 2:-2]
        out[kept == 1] = c
    return out


def pictures(files):
    """Each mask as the truth of four predictions: itself displaced twice and eroded, and the next file's mask."""
    masks = [cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in files]
    for number, (file, actual) in enumerate(zip(files, masks)):
        following = (number + 1) % len(files)
        name = {"file": file.name, "other": files[following].name}
        yield name | {"prediction": "shift 3 -2"}, shift(actual, 3, -2), actual
        yield name | {"prediction": "shift -1 1"}, shift(actual, -1, 1), actual
        yield name | {"prediction": "shrink"}, shrink(actual), actual
        yield name | {"prediction": "other"}, masks[following], actual


def scenes(folder):
    return pictures(sorted((folder / "masks").glob("*.png")))


def neu_seg(folder):
    return pictures(sorted((folder / "annotations" / "test").glob("*.png"))[::35])


def dump(name, packages, cases):
    made = {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in packages}
    text = ",\n".join(json.dumps(v, separators=(",", ":")) for v in cases)
    (HERE / name).write_text('{"made_with":' + json.dumps(made) + ',\n"cases":[\n' + text + "\n]}\n")
