#!/usr/bin/env python3
"""Makes granularity.json: which box a lone point goes in with, of random proposals.

Run:     python granularity.py          (numpy 2.4.6)

Written from the definition in GranularityPrior alone: all cells at once in float64, a sort by three keys.
"""
import json
import pathlib

import numpy as np

RANDOM = np.random.default_rng(20261127)


def box(scores, distances, frame, point, nearest, min_score):
    height, width, covered_height, covered_width = frame
    rows, columns = scores.shape
    y, x = np.mgrid[:rows, :columns] + 0.5
    signs = np.array([-1, -1, 1, 1])[:, None, None]
    sides = np.stack([x, y, x, y]) + signs * distances
    sides *= np.array([width / columns, height / rows] * 2)[:, None, None]
    limits = np.array([covered_width, covered_height] * 2)[:, None, None]
    boxes = np.clip(sides, 0, limits).reshape(4, -1).T
    s = scores.ravel()
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    far = ((middle - point) ** 2).sum(1)
    fits = (s >= min_score) & (boxes[:, :2] <= point).all(1) & (boxes[:, 2:] >= point).all(1)
    order = np.lexsort((np.arange(len(s)), -s, far))
    chosen = [i for i in order if fits[i]][:nearest]
    return (s[chosen] @ boxes[chosen] / s[chosen].sum()).tolist() if chosen else None


def rounded(*shape, low, high):
    return np.round(RANDOM.uniform(low, high, shape) * 1024) / 1024  # the same numbers in float32


cases = []
for n in range(12):
    rows, columns = int(RANDOM.integers(3, 9)), int(RANDOM.integers(3, 9))
    frame = (64, 96, *((64, 96), (40, 96), (64, 50))[n % 3])
    scores = rounded(rows, columns, low=0.01, high=1)
    distances = rounded(4, rows, columns, low=0.1, high=3)
    point = [float(RANDOM.integers(0, 2 * frame[3])) / 2, float(RANDOM.integers(0, 2 * frame[2])) / 2]
    nearest, min_score = int(RANDOM.integers(1, 7)), (0.1, 0.5, 0.9, 1.0)[n % 4]
    cases.append(
        {
            "frame": frame,
            "rows": rows,
            "columns": columns,
            "scores": scores.ravel().tolist(),
            "distances": distances.ravel().tolist(),
            "point": point,
            "nearest": nearest,
            "minScore": min_score,
            "box": box(scores, distances, frame, np.array(point), nearest, min_score),
        }
    )
file = pathlib.Path(__file__).with_suffix(".json")
file.write_text(json.dumps(cases) + "\n")
print(sum(c["box"] is None for c in cases), "of", len(cases), "alone")
