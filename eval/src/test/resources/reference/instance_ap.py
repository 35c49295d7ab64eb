"""Average precision of instances by the published COCO evaluation, for InstanceReferenceTest.

Published: pycocotools 2.0.11 (PyPI), COCOeval with its own matching, accumulation and 101 recalls; instances are
cv2.connectedComponents of each class, 8-connected. For the boundary its IoU is the smaller of the area's and of the
boundary's, as in the authors' boundary-iou-api, which is not on PyPI: their mask_to_boundary, written out below.

Made with Python 3.11, pycocotools 2.0.11, opencv-python-headless 4.10.0.84, numpy 2.4.6.
Run after boundary_iou.py:  python instance_ap.py SCENES
      (reads random_masks.json; writes instance_ap.json beside itself)
"""

import contextlib
import importlib.metadata
import io
import json
import pathlib
import sys

import cv2
import numpy as np
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pairs import HERE, IGNORE, RANDOM_CLASSES, SCENE_CLASSES
from pairs import random_pairs, scenes

PACKAGES = ("pycocotools", "opencv-python-headless", "numpy")


def mask_to_boundary(mask, dilation_ratio=0.02):
    h, w = mask.shape
    dilation = max(1, int(round(dilation_ratio * np.sqrt(h**2 + w**2))))
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), dtype=np.uint8), iterations=dilation)
    return mask - eroded[1 : h + 1, 1 : w + 1]


def instances(mask, classes):
    for c in range(1, classes + 1):
        count, numbers = cv2.connectedComponents((mask == c).astype(np.uint8), connectivity=8)
        found = [(numbers == n).astype(np.uint8) for n in range(1, count)]
        for instance in sorted(found, key=lambda f: np.flatnonzero(f)[0]):
            yield c, instance


def score(number):
    """What stands for a network's confidence: it differs from instance to instance, so that no order decides."""
    assert number < 997
    return (number * 7919 % 997 + 1) / 1000


class Smaller(COCOeval):
    """The smaller of both IoUs."""

    def computeIoU(self, image, category):
        areas = super().computeIoU(image, category)
        edges = Edges(self.cocoGt, self.cocoDt, "segm")
        edges.params = self.params
        edges._gts, edges._dts = edged(self._gts), edged(self._dts)
        bands = edges.computeIoU(image, category)
        return np.minimum(areas, bands) if len(areas) else areas


class Edges(COCOeval):
    pass


def edged(of):
    out = {}
    for key, each in of.items():
        out[key] = [dict(a, segmentation=encoded(mask_to_boundary(rle.decode(a["segmentation"])))) for a in each]
    return out


def encoded(mask):
    return rle.encode(np.asfortranarray(mask))


def evaluate(kind, truths, detections, images, classes):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": images,
            "categories": [{"id": c} for c in range(1, classes + 1)],
            "annotations": [dict(t) for t in truths],
        }
        coco.createIndex()
        scored = kind(coco, coco.loadRes([dict(d) for d in detections]), "segm")
        scored.params.maxDets = [1, 10, 1_000_000]
        scored.evaluate()
        scored.accumulate()
    precision = scored.eval["precision"][:, :, :, 0, 2]  # thresholds, recalls, classes
    return [[None if p.min() < 0 else float(p.mean()) for p in precision[:, :, k]] for k in range(classes)]


def case(pairs, classes):
    images, truths, detections = [], [], []
    for i, (_, predicted, actual) in enumerate(pairs):
        counted = (predicted != IGNORE) & (actual != IGNORE)
        predicted, actual = predicted * counted, actual * counted
        images.append({"id": i + 1, "height": actual.shape[0], "width": actual.shape[1]})
        for c, instance in instances(actual, classes):
            area = int(instance.sum())
            truths.append(
                {"id": len(truths) + 1, "image_id": i + 1, "category_id": c, "iscrowd": 0, "area": area}
                | {"segmentation": encoded(instance)}
            )
        for c, instance in instances(predicted, classes):
            detections.append(
                {"image_id": i + 1, "category_id": c, "score": score(len(detections)), "segmentation": encoded(instance)}
            )
    numbers = [sum(t["category_id"] == c for t in truths) for c in range(1, classes + 1)]
    return {
        "instances": numbers,
        "detections": len(detections),
        "mask": evaluate(COCOeval, truths, detections, images, classes),
        "boundary": evaluate(Smaller, truths, detections, images, classes),
    }


if __name__ == "__main__":
    made = {p: importlib.metadata.version(p) for p in PACKAGES}
    drawn = scenes(pathlib.Path(sys.argv[1]))
    shifted = [pair for pair in drawn if pair[0]["prediction"] == "shift -1 1"]
    out = {
        "made_with": made,
        "random": case(list(random_pairs()), RANDOM_CLASSES),
        "scenes": case(shifted, SCENE_CLASSES),
    }
    (HERE / "instance_ap.json").write_text(json.dumps(out, indent=1) + "\n")
