"""Frozen figures for proposal-labels: values and gradients in float64, by published packages where one has the part.

  objects         scipy 1.17.1, ndimage.label of each class with eight neighbours, find_objects.
  focal loss      optax 0.2.8, losses.sigmoid_focal_loss.
  boxes           no package has -ln IoU with an epsilon: here in JAX 0.10.2 from corners, while the Java has distances to sides.
  targets         here, cell by cell in loops, from the definition in ProposalTargets.
  gradients       jax.grad in float64.

Distances are softplus of the head, so above 0; inputs are rounded to float32 first, so that both sides start from the same numbers.

Made with: Python 3.11, numpy 2.4.6 and the above.
Run:       python proposals.py     (writes proposal_losses.json beside itself, for ProposalLossTest)
"""

import importlib.metadata
import json
import pathlib
import platform

import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy import ndimage

jax.config.update("jax_enable_x64", True)
HERE = pathlib.Path(__file__).parent
RANDOM = np.random.default_rng(20261127)
PACKAGES = ("jax", "optax", "numpy", "scipy")
ALPHA, GAMMA, EPSILON = 0.25, 2.0, 0.01


def drawn(height, width, classes, rectangles):
    """Rectangles over one another, of random classes; the last is on top."""
    mask = np.zeros((height, width), int)
    for _ in range(rectangles):
        tall, wide = RANDOM.integers(1, height // 2), RANDOM.integers(1, width // 2)
        y, x = RANDOM.integers(0, height - tall + 1), RANDOM.integers(0, width - wide + 1)
        mask[y : y + tall, x : x + wide] = RANDOM.integers(1, classes + 1)
    return mask


def boxes(mask, min_area):
    """x0, y0, x1, y1 of each object, in the order of their first pixels."""
    found = []
    for k in range(1, mask.max() + 1):
        labels, count = ndimage.label(mask == k, structure=np.ones((3, 3)))
        for n, (rows, columns) in enumerate(ndimage.find_objects(labels, count), 1):
            if (labels == n).sum() >= min_area:
                first = int(np.flatnonzero(labels.ravel() == n)[0])
                found.append((first, (columns.start, rows.start, columns.stop, rows.stop)))
    return [box for _, box in sorted(found)]


def wanted(mask, rows, columns, centre, min_area):
    """Of each cell its object's box, or None."""
    tall, wide = mask.shape[0] / rows, mask.shape[1] / columns
    objects, cells = boxes(mask, min_area), {}
    for y in range(rows):
        for x in range(columns):
            cy, cx = (y + 0.5) * tall, (x + 0.5) * wide
            holding = [
                b
                for b in objects
                if abs(cx - (b[0] + b[2]) / 2) <= max(centre * (b[2] - b[0]) / 2, wide / 2)
                and abs(cy - (b[1] + b[3]) / 2) <= max(centre * (b[3] - b[1]) / 2, tall / 2)
            ]
            cells[y, x] = min(holding, key=lambda b: (b[2] - b[0]) * (b[3] - b[1]), default=None)
    return cells


def sample(z, d, mask, valid, settings):
    rows, columns = z.shape[1:]
    tall, wide = mask.shape[0] / rows, mask.shape[1] / columns
    cells = wanted(mask, rows, columns, settings.get("centre", 0.5), settings.get("minArea", 16))
    is_object = np.array([[float(cells[y, x] is not None) for x in range(columns)] for y in range(rows)])
    focal = optax.losses.sigmoid_focal_loss(z[0], is_object, alpha=ALPHA, gamma=GAMMA)
    total, positives = 0.0, 0
    for (y, x), box in cells.items():
        part = valid[int(y * tall) : int((y + 1) * tall), int(x * wide) : int((x + 1) * wide)]
        if part.min() == 0:
            continue
        total += focal[y, x]
        if box is None:
            continue
        positives += 1
        cx, cy = x + 0.5, y + 0.5
        want = np.array([min(box[0] / wide, cx), min(box[1] / tall, cy), max(box[2] / wide, cx), max(box[3] / tall, cy)])
        have = jnp.stack([cx - d[0, y, x], cy - d[1, y, x], cx + d[2, y, x], cy + d[3, y, x]])
        low, high = jnp.maximum(have[:2], want[:2]), jnp.minimum(have[2:], want[2:])
        shared = jnp.prod(high - low)
        either = jnp.prod(have[2:] - have[:2]) + np.prod(want[2:] - want[:2]) - shared
        total += settings.get("box", 1.0) * jnp.log((either + EPSILON) / (shared + EPSILON))
    return total / max(1, positives), positives


def pack(x):
    return {"shape": list(x.shape), "data": [int(q) if q == int(q) else float(f"{q:.9g}") for q in np.asarray(x).reshape(-1)]}


def case(name, side, grid, classes, rectangles, settings, ignored=False):
    masks = [drawn(side, side, classes, n) for n in rectangles]
    size = len(masks)
    z = RANDOM.normal(-1, 2, (size, 1, grid, grid)).astype(np.float32)
    d = np.log1p(np.exp(RANDOM.normal(1, 1.5, (size, 4, grid, grid)))).astype(np.float32)
    truth = np.stack([[1.0 * (m == k) for k in range(1, classes + 1)] for m in masks])
    valid = np.ones((size, 1, side, side))
    if ignored:
        valid[:, :, :, : side // 3] = 0
        truth = truth * valid
        masks = [m * v[0].astype(int) for m, v in zip(masks, valid)]

    def each(z, d):
        return [sample(z[b], d[b], masks[b], valid[b, 0], settings) for b in range(size)]

    z64, d64 = z.astype(np.float64), d.astype(np.float64)
    values = each(z64, d64)
    gz, gd = jax.grad(lambda z, d: sum(v for v, _ in each(z, d)), (0, 1))(z64, d64)
    return {
        "name": name,
        "settings": settings,
        "inputs": {"objectness": pack(z), "distances": pack(d), "truth": pack(truth), "valid": pack(valid) if ignored else pack(np.zeros(0))},
        "positives": [n for _, n in values],
        "perSample": [float(f"{float(v):.12g}") for v, _ in values],
        "gradients": {"objectness": pack(gz), "distances": pack(gd)},
    }


cases = [
    case("defaults, one class", 32, 8, 1, [3, 0], {}),
    case("several classes over one another", 32, 8, 3, [6, 4], {"minArea": 4}),
    case("narrow centres, boxes twice", 24, 12, 2, [5], {"centre": 0.2, "box": 2.0, "minArea": 1}),
    case("whole boxes, a third ignored", 24, 8, 2, [4, 3], {"centre": 1.0, "minArea": 8}, ignored=True),
]
made = {p: importlib.metadata.version(p) for p in PACKAGES} | {"python": platform.python_version()}
(HERE / "proposal_losses.json").write_text(json.dumps({"made_with": made, "cases": cases}) + "\n")
for c in cases:
    print(c["name"], c["positives"], c["perSample"])
