"""Whole processes over the same input, ours and a peer's: their outputs held together, their times as a ratio.

    mvn -pl benchmarks -am process-classes -Dpeers.skip=false -Dpeers.args="structure --repeats 50"
    mvn -pl benchmarks -am process-classes -Dpeers.skip=false -Dpeers.args="structure-torch --python VENV/bin/python --threads 2"

structure-torch wants an interpreter that has torch 2.7.1 and NumPy; the project's own environment has no torch.

Start of the JVM and imports of the interpreter count, unless --start is given: then both are also timed with one call, and
the difference is what counts. Both have one thread for numeric work (the JVM's compiler and collector keep theirs);
--threads gives the peer more. The rounds of the two alternate, and the ratio is of the medians.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def structure(args):
    features = np.random.default_rng(1).standard_normal((args.channels, args.side or 64, args.side or 64))
    script = {"structure": "structure_maps.py", "structure-torch": "structure_maps_torch.py"}[args.kernel]
    return features.astype("<f4"), script, [args.channels, args.side or 64, 7], "<f4"


def masks(args):
    """Patches of 32 pixels, half of them background; one pixel in a hundred of the truth is ignored."""
    random, side, classes = np.random.default_rng(1), args.side or 1024, 3
    cells = (side + 31) // 32
    patches = random.integers(1, classes + 1, (2, cells, cells)) * random.integers(0, 2, (2, cells, cells))
    labels = patches.repeat(32, 1).repeat(32, 2)[:, :side, :side].astype(np.uint8)
    labels[1][random.random((side, side)) < 0.01] = 255
    return labels, "mask_counts.py", [classes, side], "<i8"


def timed(command, threads):
    start = time.perf_counter()
    env = {**os.environ, **{name: str(threads) for name in THREADS}}
    subprocess.run([str(c) for c in command], check=True, env=env)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kernel", choices=["structure", "structure-torch", "masks"])
    parser.add_argument("--classpath", required=True)
    parser.add_argument("--repeats", type=int, default=50, help="calls of the kernel in one process")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each side")
    parser.add_argument("--channels", type=int, default=256)
    parser.add_argument("--side", type=int, help="default: 64 for structure, 1024 for masks")
    parser.add_argument("--python", default=sys.executable, help="the peer's interpreter")
    parser.add_argument("--threads", type=int, default=1, help="of the peer's numeric work")
    parser.add_argument("--start", action="store_true", help="leave out what starting and the first call take")
    args = parser.parse_args()

    kernel = args.kernel.split("-")[0]
    data, script, numbers, dtype = {"structure": structure, "masks": masks}[kernel](args)
    with tempfile.TemporaryDirectory() as folder:
        source, ours, theirs = (pathlib.Path(folder) / name for name in ("in", "ours", "theirs"))
        data.tofile(source)
        java = ["java", "-cp", args.classpath, "stillhouse.benchmarks.PeerProgram", kernel]
        peer = [args.python, HERE / script]
        sides = {"ours": ([*java, source, ours], 1), "peer": ([*peer, source, theirs], args.threads)}
        times = {side: [] for side in sides}
        for _ in range(args.rounds):
            for side, (command, threads) in sides.items():
                start = timed([*command, 1, *numbers], threads) if args.start else 0
                times[side].append(timed([*command, args.repeats, *numbers], threads) - start)
        a, b = np.fromfile(ours, dtype), np.fromfile(theirs, dtype)
        scale = np.abs(b).max()
        difference = np.abs(a - b).max() / scale if dtype == "<f4" else np.abs(a - b).max()
        if not difference <= (1e-5 if dtype == "<f4" else 0):
            sys.exit(f"{args.kernel}: outputs differ by {difference}: nothing to compare")
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{args.kernel}: {args.repeats} calls a process, median of {args.rounds} processes each")
    for name, values in times.items():
        print(f"  {name} {medians[name]:.2f} s ({min(values):.2f} to {max(values):.2f})")
    print(f"  peer / ours {medians['peer'] / medians['ours']:.2f}; outputs differ by at most {difference:g}")


if __name__ == "__main__":
    main()
