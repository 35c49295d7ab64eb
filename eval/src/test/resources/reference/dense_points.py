#!/usr/bin/env python3
"""Makes dense_points.json: where a student of points asks itself, and what its answers come to.

Run:     .venv/bin/python dense_points.py          (numpy 1.26.4, scipy 1.17.1)

Written from the definitions in ProposedPoints and MergedMasks alone, with SciPy's filters in place of summed-area tables, sets of
cells in place of bit masks, and a dense matrix in place of the bilinear kernel. Logits and masks are sums of bumps, so that the test
makes the same ones from a few numbers.
"""
import json

import numpy as np
from scipy.ndimage import maximum_filter, uniform_filter

HEIGHT, WIDTH, ROWS, COLUMNS, MASK_ROWS, MASK_COLUMNS = 48, 64, 12, 16, 24, 32
POINTS, THRESHOLD, MIN_IOU, OVERLAP, MAX_AREA = 8, 0.4, 0.3, 0.5, 0.4


def bumps(height, width, base, each):
    """base + sum of a exp(-((x - u)^2 + (y - v)^2) / (2 s^2)) at the cells' middles, places and s as shares of the longer side."""
    y, x = (np.mgrid[:height, :width] + 0.5) / max(height, width)
    field = np.full((height, width), float(base))
    for a, u, v, s in each:
        field += a * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * s * s))
    return field.astype(np.float32)


def pooled(maps, rows, columns):
    c, h, w = maps.shape
    return maps.reshape(c, rows, h // rows, columns, w // columns).mean(axis=(2, 4), dtype=np.float64)


def places(logits):
    z = pooled(logits, ROWS, COLUMNS).max(axis=0)
    p = 1 / (1 + np.exp(-z))
    q = np.mean([uniform_filter(p, 2 * r + 1, mode="constant") for r in (1, 2, 4, 8)], axis=0)
    q = np.maximum(0, q - np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) / (256 * ROWS * COLUMNS))
    e = np.where(z > np.log(THRESHOLD / (1 - THRESHOLD)), q, 0)
    peaks = np.where((e > 0) & (e == maximum_filter(e, 5, mode="constant")), e, 0).ravel()
    order = np.argsort(-peaks, kind="stable")[:POINTS]
    return [int(i) for i in order if peaks[i] > 0]


def iou(one, other):
    return len(one & other) / len(one | other)


def suppressed(masks, ious):
    cells = [set(np.flatnonzero(m.ravel() > 0).tolist()) for m in masks]
    kept = []
    for i in sorted(range(len(masks)), key=lambda i: (-ious[i], i)):
        fits = ious[i] >= MIN_IOU and 0 < len(cells[i]) <= MAX_AREA * MASK_ROWS * MASK_COLUMNS
        if fits and all(iou(cells[i], cells[k]) < OVERLAP for k in kept):
            kept.append(i)
    return kept


def weights(small, large):
    at = np.maximum(0, (np.arange(large) + 0.5) * small / large - 0.5)
    low = np.minimum(at.astype(int), small - 1)
    matrix = np.zeros((large, small))
    matrix[np.arange(large), low] += 1 - (at - low)
    matrix[np.arange(large), np.minimum(low + 1, small - 1)] += at - low
    return matrix


def merged(masks, ious, logits):
    p = 1 / (1 + np.exp(-pooled(logits, MASK_ROWS, MASK_COLUMNS)))
    kept = suppressed(masks, ious)
    classes = [int(np.argmax([c[masks[k] > 0].mean() for c in p])) for k in kept]
    small = np.full((len(logits), MASK_ROWS, MASK_COLUMNS), -10.0)
    for k, c in zip(kept, classes):
        small[c] = np.maximum(small[c], masks[k])
    whole = np.einsum("Yy,cyx,Xx->cYX", weights(MASK_ROWS, HEIGHT), small, weights(MASK_COLUMNS, WIDTH))
    return kept, classes, whole


cases = []
for seed in range(12):
    random = np.random.RandomState(seed)
    draw = lambda low, high: round(float(random.uniform(low, high)), 3)
    spots = [[(draw(0, 1), draw(0, HEIGHT / WIDTH)) for _ in range(random.randint(1, 5))] for _ in range(2)]
    heads = [{"base": -3, "bumps": [[draw(4, 9), u, v, draw(0.02, 0.12)] for u, v in of]} for of in spots]
    logits = np.stack([bumps(HEIGHT, WIDTH, h["base"], h["bumps"]) for h in heads])
    answers = []
    for u, v in (spots[0] + spots[1])[:6] + [spots[0][0], (0.5, 0.4)]:  # the first once more, and perhaps the background
        wide = draw(0.03, 0.14) if random.rand() < 0.85 else 2.0
        answers.append({"base": -4, "bumps": [[draw(6, 12), u + draw(-0.02, 0.02), v, wide]]})
    masks = [bumps(MASK_ROWS, MASK_COLUMNS, a["base"], a["bumps"]) for a in answers]
    ious = [draw(0.1, 1) for _ in answers]
    ious[-2] = ious[0] if seed % 3 == 0 else ious[-2]  # equals
    kept, classes, whole = merged(masks, ious, logits)
    cases.append({
        "logits": heads, "masks": answers, "ious": ious, "places": places(logits), "kept": kept, "classes": classes,
        "sums": [float(c.sum()) for c in whole], "positive": [int((c > 0).sum()) for c in whole],
        "values": [float(c[y, x]) for c in whole for y in range(0, HEIGHT, 7) for x in range(0, WIDTH, 7)],
    })
with open("dense_points.json", "w") as out:
    json.dump(cases, out, indent=0)
