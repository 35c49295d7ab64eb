"""The peer of stillhouse.structure.StructureTensor: E, C and D with NumPy and SciPy, as one would write them.

    python structure_maps.py IN OUT REPEATS CHANNELS SIDE RADIUS      fp32 [C, side, side] -> fp32 [3, side, side]

Vectorised over all channels, in float64; windows by cumulative sums, so that its time does not grow with the radius.
"""

import sys

import numpy as np
from scipy.ndimage import correlate1d


def gradient(f, along, across):
    """One half of the 3x3 Sobel pair, the border cell not repeated."""
    return correlate1d(correlate1d(f, [-1, 0, 1], along, mode="mirror"), [1, 2, 1], across, mode="mirror")


def window_mean(f, radius):
    """The mean over the (2r+1)^2 window's cells inside the image, over the last two axes."""
    for axis in (-2, -1):
        n = f.shape[axis]
        sums = np.insert(np.cumsum(f, axis), 0, 0, axis)
        low, high = np.maximum(np.arange(n) - radius, 0), np.minimum(np.arange(n) + radius + 1, n)
        shape = [1] * f.ndim
        shape[axis] = n
        f = (sums.take(high, axis) - sums.take(low, axis)) / (high - low).reshape(shape)
    return f


def maps(features, radius):
    f = features.astype(np.float64)
    f -= f[:, :1, :1]
    gx, gy = gradient(f, 2, 1), gradient(f, 1, 2)
    a, b, c = (gx * gx).sum(0), (gx * gy).sum(0), (gy * gy).sum(0)
    e = np.hypot(a - c, 2 * b)
    corner = np.sqrt(np.maximum(0, a * c - b * b))
    d = window_mean((f * f).sum(0), radius) - (window_mean(f, radius) ** 2).sum(0)
    return np.stack([e, corner, np.maximum(0, d)]).astype(np.float32)


if __name__ == "__main__":
    source, target = sys.argv[1:3]
    repeats, channels, side, radius = map(int, sys.argv[3:])
    features = np.fromfile(source, "<f4").reshape(channels, side, side)
    for _ in range(repeats):
        result = maps(features, radius)
    result.astype("<f4").tofile(target)
