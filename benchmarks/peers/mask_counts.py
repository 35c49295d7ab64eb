"""The peer of stillhouse.metrics.MaskCounter: area and boundary counts with NumPy alone, as one would write them.

    python mask_counts.py IN OUT REPEATS CLASSES SIDE      uint8 [2, side, side] -> int64 [area, boundary][class][3]

d erosions by a 3x3 square leave the pixels whose (2d+1)^2 window is full: a cumulative sum, the image's border being zero.
"""

import sys

import numpy as np

IGNORE = 255


def box_sums(binary, d):
    for axis in (0, 1):
        n = binary.shape[axis]
        sums = np.insert(np.cumsum(binary, axis, dtype=np.int32), 0, 0, axis)
        low, high = np.maximum(np.arange(n) - d, 0), np.minimum(np.arange(n) + d + 1, n)
        binary = sums.take(high, axis) - sums.take(low, axis)
    return binary


def boundary(binary, d):
    return binary & (box_sums(binary, d) < (2 * d + 1) ** 2)


def overlap(predicted, actual):
    return [np.count_nonzero(predicted & actual), np.count_nonzero(predicted), np.count_nonzero(actual)]


def counts(predicted, actual, classes):
    height, width = actual.shape
    d = max(1, int(round(0.02 * np.sqrt(height**2 + width**2))))
    counted = (predicted != IGNORE) & (actual != IGNORE)
    area, edge = [], []
    for c in range(classes + 1):  # 0: the foreground as a whole
        p, t = ((m > 0 if c == 0 else m == c) & counted for m in (predicted, actual))
        area.append(overlap(p, t))
        edge.append(overlap(boundary(p, d), boundary(t, d)))
    return np.array([area, edge], np.int64)


if __name__ == "__main__":
    source, target = sys.argv[1:3]
    repeats, classes, side = map(int, sys.argv[3:])
    predicted, actual = np.fromfile(source, np.uint8).reshape(2, side, side)
    for _ in range(repeats):
        result = counts(predicted, actual, classes)
    result.astype("<i8").tofile(target)
