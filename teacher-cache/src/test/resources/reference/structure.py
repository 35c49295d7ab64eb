"""Reference figures for stillhouse.structure: OpenCV's Sobel and brute-force windows, in float64.

Run:  python structure.py > structure.json
Made with NumPy 2.4.6, OpenCV 5.0.0.

Nothing is shared with the Java code: no first value is subtracted, eigenvalues come from
numpy.linalg.eigvalsh, and each window is cut out and its variance taken.
"""

import json

import cv2
import numpy as np


def measures(features, radius):
    channels, height, width = features.shape
    tensor = np.zeros((height, width, 2, 2))
    for f in features:
        gx = cv2.Sobel(f, cv2.CV_64F, 1, 0, ksize=3, borderType=cv2.BORDER_REFLECT_101)
        gy = cv2.Sobel(f, cv2.CV_64F, 0, 1, ksize=3, borderType=cv2.BORDER_REFLECT_101)
        g = np.stack([gx, gy], axis=-1)
        tensor += g[..., :, None] * g[..., None, :]
    low, high = np.moveaxis(np.linalg.eigvalsh(tensor), -1, 0)
    dispersion = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            window = features[:, max(0, y - radius):y + radius + 1, max(0, x - radius):x + radius + 1]
            spread = window - window.mean(axis=(1, 2), keepdims=True)
            dispersion[y, x] = (spread**2).sum(axis=0).mean()
    return high - low, np.sqrt(np.maximum(low, 0) * high), dispersion


def weights(parts, betas, unit_mean):
    score = sum(b * (p / p.mean() if unit_mean else p) for b, p in zip(betas, parts) if p.mean() > 0)
    return score / score.sum()


def case(name, features, radius):
    features = np.asarray(features, np.float32).astype(np.float64)
    parts = measures(features, radius)
    flat = lambda a: [float(v) for v in np.asarray(a).ravel()]
    out = {"name": name, "shape": list(features.shape), "radius": radius, "features": flat(features)}
    out.update({k: flat(p) for k, p in zip("ecd", parts)})
    out["full_unit_mean"] = flat(weights(parts, (2, 1, 1), True))
    out["full_raw"] = flat(weights(parts, (2, 1, 1), False))
    out["e_c_unit_mean"] = flat(weights(parts, (2, 1, 0), True))
    return out


random = np.random.default_rng(7)
step = np.zeros((1, 7, 8))
step[:, :, 4:] = 1
corner = np.zeros((2, 9, 9))
corner[0, 4:, 4:] = 3
corner[1, :5, 3:] = -2
noise = random.normal(size=(6, 9, 11)) + random.normal(size=(6, 1, 1)) * 5
print(json.dumps([
    case("random", noise, 2),
    case("random, window beyond the image", noise[:2], 20),
    case("random, one row", noise[:3, :1], 1),
    case("step edge", step, 1),
    case("corner", corner, 2),
], separators=(",", ":")))
