"""A training step of ours over one of eager PyTorch's: the same students, losses, batches, threads and malloc settings.

    mvn -pl benchmarks -am process-classes -Dsteps.skip=false -Dsteps.args="--python VENV/bin/python"

The interpreter needs torch 2.7.1 and timm 1.0.15. Whole processes in turn; of each the median step after the first fifth, and the
ratio is of the medians over rounds. A step is a batch from memory, forward, Dice and BCE, backward, clipping, AdamW; ours also has
the loop's collectives (of one rank) and its metrics. Both sides learn the same constant picture, and both must.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CONF = HERE.parent.parent / "conf"
CASES = [("tiny-conv", 128, 8, 60), ("tiny-conv", 256, 4, 60), ("tinyvit-1.6m", 128, 8, 25), ("tinyvit-1.6m", 256, 2, 25),
         ("r50-fpn", 128, 4, 10), ("r50-fpn", 256, 1, 10)]


def run(command, threads):
    env = {**os.environ, "OMP_NUM_THREADS": str(threads), "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "1073741824",
           "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[:3]} failed:\n{done.stderr[-3000:]}")
    report = json.loads(done.stdout.strip().splitlines()[-1])
    if not report["losses"][-1] < report["losses"][0]:
        sys.exit(f"{command[:3]} did not learn: {report['losses']}")
    steps = report["milliseconds"]
    return statistics.median(steps[len(steps) // 5:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--classpath", required=True)
    parser.add_argument("--opens", default="", help="the JVM's further options")
    parser.add_argument("--python", default=sys.executable, help="the peer's interpreter")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="one student")
    args = parser.parse_args()
    print("student       side batch      ours     torch   ours / torch (lowest and highest of a round)")
    for student, side, batch, steps in CASES:
        if args.only not in (None, student):
            continue
        yaml = CONF / "students" / f"{student}.yaml"
        java = ["java", "-Xmx2g", *args.opens.split(), "-cp", args.classpath, "stillhouse.benchmarks.TrainSteps", yaml,
                CONF / "recipes" / "scratch.yaml", side, batch, steps]
        peer = [args.python, HERE / "train_step_torch.py", yaml, side, batch, steps]
        pairs = [(run(java, args.threads), run(peer, args.threads)) for _ in range(args.rounds)]
        ours, theirs = (statistics.median(side) for side in zip(*pairs))
        ratios = [a / b for a, b in pairs]
        print(f"{student:12s} {side:5d} {batch:5d} {ours:7.1f} ms {theirs:7.1f} ms   {ours / theirs:.3f} ({min(ratios):.3f} to {max(ratios):.3f})", flush=True)


if __name__ == "__main__":
    main()
