"""IoU and Dice of the random masks by scikit-learn (jaccard_score, f1_score), for ReferenceCountsTest.

Made with Python 3.11, scikit-learn 1.9.1, numpy 1.26.4.
Run after boundary_iou.py:  python overlap_scores.py   (reads random_masks.json, writes random_scores.json)
"""

import json
import pathlib

import numpy as np
from sklearn.metrics import f1_score, jaccard_score

HERE = pathlib.Path(__file__).parent
CLASSES = 3
IGNORE = 255


def unrun(runs):
    return np.repeat(runs[0::2], runs[1::2])


def scores(score, predicted, actual):
    """Of each class that either mask has, null for another; then their mean; then of the foreground."""
    present = [c for c in range(1, CLASSES + 1) if (predicted == c).any() or (actual == c).any()]
    each = [
        float(score(actual == c, predicted == c)) if c in present else None for c in range(1, CLASSES + 1)
    ]
    mean = float(score(actual, predicted, labels=present, average="macro")) if present else None
    foreground = float(score(actual > 0, predicted > 0)) if present else None
    return {"classes": each, "mean": mean, "foreground": foreground}


if __name__ == "__main__":
    out = []
    for case in json.loads((HERE / "random_masks.json").read_text()):
        predicted, actual = unrun(case["predicted"]), unrun(case["actual"])
        counted = (predicted != IGNORE) & (actual != IGNORE)
        predicted, actual = predicted[counted], actual[counted]
        out.append({"iou": scores(jaccard_score, predicted, actual), "dice": scores(f1_score, predicted, actual)})
    (HERE / "random_scores.json").write_text("[\n" + ",\n".join(json.dumps(v) for v in out) + "\n]\n")
