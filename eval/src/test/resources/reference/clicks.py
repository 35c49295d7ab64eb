#!/usr/bin/env python3
"""Makes clicks.json: where the next click goes by the rule that RITM's clicker and SAM 2's evaluation share.

Run:     .venv/bin/python clicks.py          (numpy 1.26.4, scipy 1.17.1)

Both pad the missed and the falsely found pixels by one, take each one's exact Euclidean distance transform, and click on the
pixel with the greatest distance: foreground where that of the missed ones is greater, else background
(isegm/inference/clicker.py, sam2/modeling/sam2_utils.py). Masks are unions of discs and rectangles, written row by row.
"""
import json

import numpy as np
from scipy.ndimage import distance_transform_edt


def draw(random, height, width):
    y, x = np.mgrid[:height, :width]
    mask = np.zeros((height, width), bool)
    for _ in range(random.randint(1, 4)):
        if random.rand() < 0.5:
            mask |= (x - random.randint(width)) ** 2 + (y - random.randint(height)) ** 2 <= random.randint(2, 9) ** 2
        else:
            x0, y0 = random.randint(width), random.randint(height)
            mask[y0 : y0 + random.randint(1, 12), x0 : x0 + random.randint(1, 12)] = True
    return mask


def distances(errors):
    return distance_transform_edt(np.pad(errors, 1))[1:-1, 1:-1]


def click(truth, predicted):
    missed, false = distances(truth & ~predicted), distances(predicted & ~truth)
    foreground = bool(missed.max() > false.max())
    deepest = missed if foreground else false
    if deepest.max() == 0:
        return None
    y, x = np.unravel_index(deepest.argmax(), deepest.shape)
    return [int(x), int(y), foreground]


rows = lambda mask: ["".join(".#"[v] for v in row) for row in mask.astype(int)]
cases = []
for seed in range(40):
    random = np.random.RandomState(seed)
    height, width = random.randint(5, 33), random.randint(5, 41)
    truth = draw(random, height, width)
    predicted = truth if seed == 7 else np.zeros_like(truth) if seed % 5 == 0 else draw(random, height, width)
    cases.append({"truth": rows(truth), "predicted": rows(predicted), "click": click(truth, predicted)})
with open("clicks.json", "w") as out:
    json.dump(cases, out, indent=0)
