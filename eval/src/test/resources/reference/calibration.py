"""Thresholds of ONNX Runtime's own calibrators for activations that CalibrationTest draws by the same formula.

    python calibration.py > calibration.json      # onnxruntime 1.23.2, numpy

ONNX Runtime's histograms run from −t to t, so 4096 bins of its are 2048 of ours. Its entropy calibrator merges a whole number of bins to
a level and leaves the rest to the last one, ours splits them evenly, as NumPy does here by the same formula: `information` must
agree, `entropy` shows how far ONNX Runtime's choice lies from it.
"""

import json
import sys

import numpy as np
import onnxruntime
from onnxruntime.quantization.calibrate import HistogramCollector


def normal(n):
    """Box and Muller over a golden-ratio sequence: the same values in any language, to rounding."""
    i = np.arange(1, n + 1, dtype=np.float64)
    u = (i * 0.6180339887498949) % 1.0
    v = (i * 0.7548776662466927) % 1.0
    return np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)


def draw(name, n=200_000):
    x = normal(n)
    if name == "normal":
        return x
    if name == "heavy tail":
        return x ** 3
    if name == "outlier":
        x[777] = 60.0
        return x
    if name == "uniform":
        return 2 * ((np.arange(1, n + 1) * 0.6180339887498949) % 1.0) - 1
    raise ValueError(name)


def threshold(values, method, percentile):
    collector = HistogramCollector(method=method, symmetric=True, num_bins=4096, num_quantized_bins=255, percentile=percentile,
                                   scenario="same")
    collector.collect({"x": [values.astype(np.float32)]})
    low, high = collector.compute_collection_result()["x"][:2]
    return float(max(abs(low), abs(high)))


def information(values):
    """KL over the first i of 2048 bins of |x| against the same in 128 steps; a bin's width is a power of two."""
    magnitudes = np.abs(values.astype(np.float32)).astype(np.float64)
    width = 2.0 ** (np.floor(np.log2(magnitudes.max())) + 1 - 11)
    hist = np.bincount((magnitudes / width).astype(int), minlength=2048).astype(float)
    last = int(np.flatnonzero(hist)[-1]) + 1
    best = (np.inf, last)
    for i in range(128, last + 1):
        p = hist[:i].copy()
        p[-1] += hist[i:].sum()
        q = np.zeros(i)
        edges = np.arange(129) * i // 128
        for low, high in zip(edges[:-1], edges[1:]):
            part = hist[low:high]
            q[low:high] = np.where(part > 0, part.sum() / max(1, (part > 0).sum()), 0)
        q[(q == 0) & (p > 0)] = 1
        p, q = p / p.sum(), q / q.sum()
        there = p > 0
        best = min(best, (float((p[there] * np.log(p[there] / q[there])).sum()), i))
    return min(float(magnitudes.max()), best[1] * width)


def main():
    out, sys.stdout = sys.stdout, sys.stderr  # the calibrators talk
    figures = {"onnxruntime": onnxruntime.__version__, "cases": {}}
    for name in ("normal", "heavy tail", "outlier", "uniform"):
        values = draw(name)
        figures["cases"][name] = {
            "peak": float(np.abs(values.astype(np.float32)).max()),
            "percentile": threshold(values, "percentile", 99.99),
            "information": information(values),
            "entropy": threshold(values, "entropy", 99.99),
        }
    print(json.dumps(figures, indent=1), file=out)


if __name__ == "__main__":
    main()
