"""Makes sam2-hiera-tiny.json: what SAM 2 Hiera-Tiny answers about a drawn image.

Run with onnxruntime 1.23.2, numpy 1.26.4:
  python sam2_reference.py ENCODER.ort DECODER.onnx
"""
import json
import sys

import numpy as np
import onnxruntime

W, H, SIDE = 160, 120, 1024
y, x = np.mgrid[:H, :W]
image = np.stack([60 + x // 4, 70 + y // 4, 80 + (x + y) // 8], -1).astype(np.uint8)
image[((x - 60) / 30.0) ** 2 + ((y - 50) / 20.0) ** 2 <= 1] = (200, 190, 60)


def axis(n):
    p = np.maximum(0, (np.arange(SIDE) + 0.5) * n / SIDE - 0.5)
    i = np.minimum(p.astype(int), n - 1)
    return i, np.minimum(i + 1, n - 1), (p - i)


y0, y1, v = axis(H)
x0, x1, u = axis(W)
f = image.astype(np.float64)
f = f[y0] + (f[y1] - f[y0]) * v[:, None, None]
f = f[:, x0] + (f[:, x1] - f[:, x0]) * u[None, :, None]
f = (f / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
batch = f.transpose(2, 0, 1)[None].astype(np.float32)

encoder, decoder = (onnxruntime.InferenceSession(p) for p in sys.argv[1:3])
names = ["image_embed", "high_res_feats_0", "high_res_feats_1"]
features = dict(zip(names, encoder.run(names, {"image": batch})))
layers = {
    layer: {"shape": list(a.shape[1:]), "mean": float(a.mean()), "deviation": float(a.std()),
            "values": a.ravel()[:: a.size // 16][:16].tolist()}
    for layer, a in zip(["embedding", "high_res_0", "high_res_1"], features.values())
}


def ask(points, labels):
    coords = np.array([points], np.float32) * np.array([SIDE / W, SIDE / H], np.float32)
    masks, ious = decoder.run(["masks", "iou_predictions"], {
        **features, "point_coords": coords, "point_labels": np.array([labels], np.float32),
        "mask_input": np.zeros((1, 1, 256, 256), np.float32),
        "has_mask_input": np.zeros(1, np.float32)})
    best = int(ious[0].argmax())
    return {"iou": float(ious[0, best]), "positive": int((masks[0, best] > 0).sum()),
            "mean": float(masks[0, best].mean())}


answers = {"box": ask([(30, 30), (91, 71)], [2, 3]), "point": ask([(60, 50)], [1])}
print(answers, "true share", 3.1416 * 30 * 20 / W / H * 65536, "padded point",
      ask([(60, 50), (0, 0)], [1, -1]))
with open("sam2-hiera-tiny.json", "w") as out:
    json.dump({"layers": layers, **answers}, out, indent=1)
