# Frozen figures of RasterReferenceTest: which pixels polygons, discs and run lengths cover.
# Run: pip install numpy==2.4.6 pycocotools==2.0.11 matplotlib==3.11.2 && python rasters.py > rasters.json
# "coco" is pycocotools' own rule (frPyObjects, merge for more than one ring). "exact" is matplotlib's point-in-path (even-odd) asked
# for the pixel centres (x + 1/2, y + 1/2). Both are kept as COCO's compressed run lengths (pycocotools encode), with their areas.
import json
import sys

import matplotlib
import numpy as np
import pycocotools.mask as coco
from matplotlib.path import Path

rng = np.random.default_rng(7)


def encoded(mask):
    rle = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"counts": rle["counts"].decode(), "area": int(coco.area(rle))}


def exact(ring, height, width):
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    closed = np.vstack([ring, ring[:1]])
    return Path(closed).contains_points(np.stack([x.ravel(), y.ravel()], 1)).reshape(height, width)


def case(name, rings, height, width, centres=True):
    rles = coco.frPyObjects([np.ravel(r).tolist() for r in rings], height, width)
    merged = coco.merge(rles)
    out = {
        "name": name,
        "height": height,
        "width": width,
        "rings": [np.ravel(r).tolist() for r in rings],
        "coco": {"counts": merged["counts"].decode(), "area": int(coco.area(merged))},
    }
    if centres:
        out["exact"] = encoded(np.any([exact(np.asarray(r), height, width) for r in rings], 0))
    return out


def star(n, cx, cy, radius):
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    r = radius * rng.uniform(0.3, 1, n)
    return np.round(np.stack([cx + r * np.cos(angle), cy + r * np.sin(angle)], 1), 3)


cases = []
for i in range(12):
    h, w = rng.integers(15, 60, 2).tolist()
    cases.append(case(f"star {i}", [star(rng.integers(3, 12), w / 2, h / 2, max(h, w) * 0.6)], h, w))
for i in range(12):  # their edges cross, and they leave the image on every side
    h, w = rng.integers(10, 40, 2).tolist()
    ring = np.round(rng.uniform([-0.4 * w, -0.4 * h], [1.4 * w, 1.4 * h], (rng.integers(3, 9), 2)), 3)
    cases.append(case(f"crossing {i}", [ring], h, w))
for i in range(4):
    h, w = 40, 50
    rings = [star(7, *rng.uniform([10, 10], [40, 30]), 14) for _ in range(3)]
    cases.append(case(f"rings {i}", rings, h, w))
for i in range(8):  # corners on the pixels' borders and centres, some twice: centres on an edge are each rule's own
    ring = np.repeat(rng.integers(-4, 44, (5, 2)) / 2, rng.integers(1, 3, 5), axis=0)
    cases.append(case(f"grid {i}", [ring], 20, 20, centres=False))
cases.append(case("sliver", [[[1.1, 2.2], [38.7, 2.3], [38.7, 2.9], [1.1, 2.8]]], 8, 40))
cases.append(case("whole", [[[0, 0], [9, 0], [9, 7], [0, 7]]], 7, 9))
cases.append(case("none", [[[-9, -9], [-2, -9], [-2, -1], [-9, -2]]], 7, 9))
cases.append(case("steep", [[[4.2, -30.3], [5.9, 61.7], [6.4, 60.2], [5.1, -40]]], 30, 12))

discs = []
for i in range(6):
    h, w = rng.integers(8, 40, 2).tolist()
    cx, cy = np.round(rng.uniform([-2, -2], [w + 2, h + 2]), 3).tolist()
    r = float(np.round(rng.uniform(0.2, 20), 3))
    x, y = np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5)
    discs.append({"height": h, "width": w, "disc": [cx, cy, r]} | encoded((x - cx) ** 2 + (y - cy) ** 2 <= r * r))

runs = []
for i in range(4):
    h, w = [(1, 1), (7, 5), (64, 48), (200, 300)][i]
    mask = rng.uniform(size=(h, w)) < [1, 0.5, 0.03, 0.0007][i]
    rle = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    flat = np.concatenate([[0], mask.ravel(order="F").astype(int), [2]])
    at = np.flatnonzero(np.diff(flat) != 0)  # where a run ends
    counts = np.diff(np.concatenate([[0], at])).tolist()
    assert sum(counts) == h * w
    assert coco.frPyObjects({"size": [h, w], "counts": counts}, h, w)["counts"] == rle["counts"]
    runs.append(
        {"height": h, "width": w, "lengths": counts if len(counts) < 800 else None, "rows": np.packbits(mask).tobytes().hex()}
        | encoded(mask)
    )

json.dump(
    {
        "made_with": {"numpy": np.__version__, "pycocotools": "2.0.11", "matplotlib": matplotlib.__version__},
        "polygons": cases,
        "discs": discs,
        "runs": runs,
    },
    sys.stdout,
    indent=None,
    separators=(",", ":"),
)
