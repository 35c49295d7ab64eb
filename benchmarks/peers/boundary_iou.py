"""Boundary IoU of truth / prediction pairs, one thread: ours against OpenCV's erosions, their counts held together.

    python3 -m venv V && V/bin/pip install opencv-python-headless==4.10.0.84 numpy
    mvn -pl benchmarks -am process-classes -Dbands.skip=false -Dbands.python=V/bin/python -Dbands.args="--neu-seg DIR"

The peer does what the published code of "Boundary IoU" (CVPR 2021) does: pads by one pixel of zeros, erodes by a 3x3 square
round(0.02 * diagonal) times, subtracts. What follows is counted in the published way, ((a * b) > 0).sum(), and also by
cv2.countNonZero, which is faster: a ratio to each. Pairs are held in memory on both sides; ours also counts areas. Rounds
alternate, and a ratio is of the medians. Integer counts must be equal for every pair, or the program fails.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

ONES = np.ones((3, 3), np.uint8)


def boundary(mask, d):
    height, width = mask.shape
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return mask - cv2.erode(padded, ONES, iterations=d)[1 : height + 1, 1 : width + 1]


def published(predicted, actual, d):
    p, t = boundary(predicted, d), boundary(actual, d)
    return ((p * t) > 0).sum(), ((p + t) > 0).sum()


def quick(predicted, actual, d):
    p, t = boundary(predicted, d), boundary(actual, d)
    return cv2.countNonZero(p & t), cv2.countNonZero(p | t)


def drawn(side, n):
    """Ellipses, and the same ones a little moved and resized."""
    random = np.random.default_rng(1)
    pairs = np.zeros((n, 2, side, side), np.uint8)
    for pair in pairs:
        for _ in range(random.integers(1, 7)):
            centre, axes = random.integers(0, side, 2), random.integers(side // 25 + 1, side // 4, 2)
            for mask in pair:
                moved, grown = random.integers(-side // 50, side // 50 + 1, (2, 2))
                size = tuple(int(v) for v in np.maximum(axes + grown, 1))
                cv2.ellipse(mask, tuple(int(v) for v in centre + moved), size, int(random.integers(180)), 0, 360, 1, -1)
    return pairs


def real(folder, side, n):
    """Masks of NEU-Seg, any class, and the same ones moved by 1 % of the side."""
    files = sorted(pathlib.Path(folder).glob("annotations/**/*.png"))
    pairs = np.zeros((n, 2, side, side), np.uint8)
    for pair, file in zip(pairs, files[:: max(1, len(files) // n)]):
        mask = (cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) > 0).astype(np.uint8)
        pair[1] = cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST)
        pair[0] = np.roll(pair[1], side // 100, (0, 1))
    return pairs


def noise(side, n):
    random = np.random.default_rng(2)
    share = np.array([0.5, 0.99, 0.9999, 0.01])[np.arange(n) % 4].reshape(-1, 1, 1, 1)
    return (random.random((n, 2, side, side)) < share).astype(np.uint8)


def hostile(side, _):
    """Every pair of: nothing, all, single pixels, a chessboard, combs, frames, stripes of 64, all but a pixel, halves."""
    y, x = np.mgrid[:side, :side]
    inset = np.minimum(np.minimum(x, y), np.minimum(side - 1 - x, side - 1 - y))
    middle = (x == side // 2) & (y == side // 2)
    masks = [x < 0, x >= 0, middle, (x == 0) & (y == 0), (x == side - 1) & (y == side - 1), (x + y) % 2 == 0]
    masks += [x % 2 == 0, y % 2 == 0, (x % 7 < 3) & (y > 3), (y % 5 < 4) & (x < side - 2), inset < 1, inset == 3]
    masks += [x // 64 % 2 == 0, ~middle, (inset > 0), (x < side // 2), (y >= side // 3), inset >= side // 2 - 1]
    masks = [m.astype(np.uint8) for m in masks]
    return np.array([(a, b) for a in masks for b in masks], np.uint8)


def rate(function, pairs, d, seconds):
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        for predicted, actual in pairs:
            function(predicted, actual, d)
        done += len(pairs)
    return done / (time.perf_counter() - start)


def compare(args, name, pairs, side, folder):
    d = max(1, int(round(0.02 * np.sqrt(2.0 * side * side))))
    source, out = folder / "in", folder / "out"
    pairs.tofile(source)
    java = ["java", "-cp", args.classpath, "stillhouse.benchmarks.BoundaryPairs", source, out, side]
    rates = {"ours": [], "published": [], "quick": []}
    for _ in range(args.rounds):
        run = subprocess.run([str(a) for a in (*java, args.warm, args.seconds)], check=True, capture_output=True, text=True)
        rates["ours"].append(float(run.stdout.split()[-1]))
        rates["published"].append(rate(published, pairs, d, args.seconds))
        rates["quick"].append(rate(quick, pairs, d, args.seconds))
    counts = np.fromfile(out, "<i8").reshape(-1, 3)
    for (predicted, actual), (both, ofp, oft) in zip(pairs, counts):
        if published(predicted, actual, d) != (both, ofp + oft - both):
            sys.exit(f"{name} at {side}: counts differ: {both, ofp, oft} and {published(predicted, actual, d)}")
    ours, slow, fast = (statistics.median(rates[k]) for k in rates)
    print(
        f"{name:8} {side:4} d={d:2} {len(pairs):3} pairs equal: {ours:9,.0f} pairs/s, OpenCV as published {slow:8,.0f}"
        f" (x{ours / slow:.2f}), with countNonZero {fast:8,.0f} (x{ours / fast:.2f})",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--classpath", required=True)
    parser.add_argument("--sides", type=int, nargs="+", default=[200, 512, 1024])
    parser.add_argument("--neu-seg", help="the data set's folder; without it there are no real masks")
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm", type=float, default=2)
    parser.add_argument("--seconds", type=float, default=1)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"OpenCV {cv2.__version__}, NumPy {np.__version__}")
    for side in args.sides:
        sets = {"drawn": drawn(side, args.pairs), "noise": noise(side, args.pairs), "hostile": hostile(side, 0)}
        if args.neu_seg:
            sets["real"] = real(args.neu_seg, side, args.pairs)
        for name, pairs in sets.items():
            with tempfile.TemporaryDirectory() as folder:
                compare(args, name, pairs, side, pathlib.Path(folder))


if __name__ == "__main__":
    main()
