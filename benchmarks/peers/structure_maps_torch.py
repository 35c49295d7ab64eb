"""The fast peer of stillhouse.structure.StructureTensor: E, C and D in plain PyTorch, as one who knows it writes them.

    python structure_maps_torch.py IN OUT REPEATS CHANNELS SIDE RADIUS      fp32 [C, side, side] -> fp32 [3, side, side]

Sobel as differences of slices and the window as two pooled axes, in fp32: the depthwise convolutions that one writes
first take three to four times as long.
"""

import sys

import torch
import torch.nn.functional as F


def gradients(f):
    """The 3x3 Sobel pair on the map reflected at its border, [C, H, W] each."""
    p = F.pad(f[None], (1, 1, 1, 1), mode="reflect")[0]
    smooth = p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    falling = p[:, 2:] - p[:, :-2]
    return smooth[:, :, 2:] - smooth[:, :, :-2], falling[:, :, :-2] + 2 * falling[:, :, 1:-1] + falling[:, :, 2:]


def window_mean(f, radius):
    """The mean over the (2r+1)^2 window's cells inside the image: one axis after the other, f [C, H, W]."""
    for k, pad in (((2 * radius + 1, 1), (radius, 0)), ((1, 2 * radius + 1), (0, radius))):
        f = F.avg_pool2d(f, k, stride=1, padding=pad, count_include_pad=False)
    return f


def maps(f, radius):
    f = f - f[:, :1, :1]
    gx, gy = gradients(f)
    a, b, c = (gx * gx).sum(0), (gx * gy).sum(0), (gy * gy).sum(0)
    e = torch.hypot(a - c, 2 * b)
    corner = (a * c - b * b).clamp_(min=0).sqrt_()
    mean = window_mean(f, radius)
    d = window_mean((f * f).sum(0, keepdim=True), radius)[0] - (mean * mean).sum(0)
    return torch.stack([e, corner, d.clamp_(min=0)])


if __name__ == "__main__":
    source, target = sys.argv[1:3]
    repeats, channels, side, radius = map(int, sys.argv[3:])
    features = torch.from_file(source, size=channels * side * side, dtype=torch.float32).view(channels, side, side)
    with torch.inference_mode():
        for _ in range(repeats):
            result = maps(features, radius)
    result.numpy().astype("<f4").tofile(target)
