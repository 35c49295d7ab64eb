"""IoU and Dice by a published package, for ReferenceCountsTest.

Published: scikit-learn 1.9.1 (PyPI), jaccard_score and f1_score on the counted pixels; the mean over classes is their
average="macro" over the classes that either mask has.

Made with Python 3.11, scikit-learn 1.9.1, numpy 2.4.6; opencv-python-headless 5.0.0.93 reads the files.
Run after boundary_iou.py:  python overlap_scores.py SCENES NEU_SEG_FOLDER
      (reads random_masks.json; writes random_scores, scene_scores and neu_seg_scores .json beside itself)
"""

import pathlib
import sys

from sklearn.metrics import f1_score, jaccard_score

from pairs import IGNORE, NEU_SEG_CLASSES, RANDOM_CLASSES, SCENE_CLASSES
from pairs import dump, neu_seg, random_pairs, scenes

PACKAGES = ("scikit-learn", "opencv-python-headless", "numpy")


def scores(score, predicted, actual, classes):
    """Of each class that either mask has, null for another; then their mean; then of the foreground."""
    every = range(1, classes + 1)
    present = [c for c in every if (predicted == c).any() or (actual == c).any()]
    each = [float(score(actual == c, predicted == c)) if c in present else None for c in every]
    mean = float(score(actual, predicted, labels=present, average="macro")) if present else None
    foreground = float(score(actual > 0, predicted > 0)) if present else None
    return {"classes": each, "mean": mean, "foreground": foreground}


def cases(pairs, classes):
    out = []
    for name, predicted, actual in pairs:
        counted = (predicted != IGNORE) & (actual != IGNORE)
        p, t = predicted[counted], actual[counted]
        out.append(name | {"iou": scores(jaccard_score, p, t, classes), "dice": scores(f1_score, p, t, classes)})
    return out


if __name__ == "__main__":
    dump("random_scores.json", PACKAGES, cases(random_pairs(), RANDOM_CLASSES))
    dump("scene_scores.json", PACKAGES, cases(scenes(pathlib.Path(sys.argv[1])), SCENE_CLASSES))
    dump("neu_seg_scores.json", PACKAGES, cases(neu_seg(pathlib.Path(sys.argv[2])), NEU_SEG_CLASSES))
