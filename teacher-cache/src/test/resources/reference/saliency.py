"""Saliency of a drawn picture in plain NumPy: what SaliencyTest holds Java against.

Run:  python saliency.py > saliency.json      (NumPy 1.26)
Written from the formulas in stillhouse.teacher.Saliency; windows are summed cell by cell, not by tables.
"""

import json

import numpy as np

SIDE, RADII, SURROUND, FLOOR, SHARE, APART = 256, (2, 4, 8, 16), 3, 8.0, 0.5, 8


def drawn():
    y, x = np.mgrid[0:300, 0:400]
    gray = 80 + x // 10 + (x * 7 + y * 13) % 11
    gray = gray + 60 * ((x >= 60) & (x < 140) & (y >= 50) & (y < 62))
    gray = gray - 50 * ((x - 300) ** 2 + (y - 80) ** 2 <= 20**2)
    red = gray + 70 * ((x - 200) ** 2 + (y - 220) ** 2 <= 30**2)
    return np.stack([red, gray, gray], -1).astype(np.float64)


def reduced(image):
    h, w = image.shape[:2]
    scale = min(1, SIDE / max(h, w))
    oh, ow = round(h * scale), round(w * scale)
    out = np.zeros((oh, ow, 3))
    for i in range(oh):
        rows = slice(i * h // oh, -(-(i + 1) * h // oh))
        for j in range(ow):
            out[i, j] = image[rows, slice(j * w // ow, -(-(j + 1) * w // ow))].mean((0, 1))
    return out


def window(plane, i, j, r):
    return plane[max(0, i - r) : i + r + 1, max(0, j - r) : j + r + 1]


def saliency(image):
    r, g, b = (image[..., c] for c in range(3))
    planes = ((r + g + b) / 3, (r - g) / 2, (r + g) / 4 - b / 2)
    h, w = r.shape
    strength, radius = np.zeros((h, w)), np.zeros((h, w), int)
    for k in RADII:
        for i in range(h):
            for j in range(w):
                squares = 0.0
                for plane in planes:
                    centre, around = window(plane, i, j, k), window(plane, i, j, SURROUND * k)
                    rest = (around.sum() - centre.sum()) / (around.size - centre.size)
                    squares += (centre.mean() - rest) ** 2
                if squares**0.5 > strength[i, j]:
                    strength[i, j], radius[i, j] = squares**0.5, k
    return strength, radius


def peaks(strength, radius, scale, most):
    left, found, least = strength.copy(), [], FLOOR
    y, x = np.mgrid[0 : strength.shape[0], 0 : strength.shape[1]]
    while len(found) < most:
        i, j = np.unravel_index(left.argmax(), left.shape)
        if left[i, j] < least:
            break
        if not found:
            least = max(FLOOR, SHARE * left[i, j])
        found.append([(j + 0.5) * scale[1], (i + 0.5) * scale[0], strength[i, j]])
        left[(y - i) ** 2 + (x - j) ** 2 <= max(APART, 2 * radius[i, j]) ** 2] = -np.inf
    return found


image = drawn()
small = reduced(image)
strength, radius = saliency(small)
scale = (image.shape[0] / small.shape[0], image.shape[1] / small.shape[1])
places = [(x, y) for y in range(0, small.shape[0], 23) for x in range(0, small.shape[1], 29)]
print(
    json.dumps(
        {
            "width": small.shape[1],
            "height": small.shape[0],
            "values": [[x, y, strength[y, x]] for x, y in places],
            "peaks": peaks(strength, radius, scale, 8),
        }
    )
)
