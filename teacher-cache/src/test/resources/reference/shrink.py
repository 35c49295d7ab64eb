"""Shrunk pictures by Pillow and by plain NumPy: what ShrinkTest holds Java against.

Run:  python shrink.py > shrink.json      (Pillow 13.0.0, NumPy 1.26.4)
Pillow resamples each channel as 32-bit floats (mode F), so that nothing is rounded between the passes. Areas are
summed pixel by pixel from their definition.
"""

import json

import numpy as np
from PIL import Image

SIZES = [(37, 29, 16, 12), (64, 48, 32, 24), (50, 20, 7, 20), (33, 9, 20, 14), (90, 61, 1, 1)]  # w, h to w, h


def picture(width, height):
    i = np.arange(3 * width * height, dtype=np.int64)
    return ((37 * i + 11 * (i // 7)) % 256).astype(np.uint8).reshape(height, width, 3)


def antialiased(rgb, width, height):
    planes = [Image.fromarray(rgb[..., c].astype(np.float32)) for c in range(3)]
    return np.stack([np.asarray(p.resize((width, height), Image.Resampling.BILINEAR)) for p in planes])


def axis(size, out):
    """[out, size] shares of each source pixel; bilinear where there are not fewer."""
    m = np.zeros((out, size))
    for i in range(out):
        if out >= size:
            at = max(0, (i + 0.5) * size / out - 0.5)
            lo = min(int(at), size - 1)
            m[i, lo] += 1 - (at - lo)
            m[i, min(lo + 1, size - 1)] += at - lo
        else:
            a, b = i * size / out, (i + 1) * size / out
            for s in range(size):
                m[i, s] = max(0, min(b, s + 1) - max(a, s)) * out / size
    return m


def averaged(rgb, width, height):
    rows, columns = axis(rgb.shape[0], height), axis(rgb.shape[1], width)
    return np.stack([rows @ rgb[..., c].astype(np.float64) @ columns.T for c in range(3)])


cases = []
for w, h, ow, oh in SIZES:
    rgb = picture(w, h)
    every = lambda planes: [round(float(v), 3) for v in planes.ravel()[:: max(1, planes.size // 24)]]
    cases.append({"width": w, "height": h, "to_width": ow, "to_height": oh,
                  "antialias": every(antialiased(rgb, ow, oh)), "area": every(averaged(rgb, ow, oh))})
print(json.dumps(cases, indent=1))
