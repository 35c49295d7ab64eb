"""What more ranks cost on this machine: processor seconds of N ranks over those of one, and the share of a step in all-reduce.

    mvn -pl benchmarks -am process-classes -Dranks.skip=false -Dranks.args="--ranks 1,2,4"

The same global batches whatever N, each rank a JVM of one thread. On a machine of fewer cores than ranks a rank waits in all-reduce
for those that have not had their turn: the share says little then, the processor seconds do. Of each JVM they are counted from the
step after the first fifth to the last, start and compilation left out.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

CONF = pathlib.Path(__file__).resolve().parent.parent.parent / "conf"
CASES = [("tiny-conv", 128, 16, 100), ("tinyvit-1.6m", 128, 16, 30), ("r50-fpn", 128, 8, 15)]


def run(command):
    env = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "1073741824",
           "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(pathlib.Path(sys.prefix) / "spark"), "SPARK_SCALA_VERSION": "2.12"}
    done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--classpath", required=True)
    parser.add_argument("--opens", default="", help="the JVM's further options")
    parser.add_argument("--ranks", default="1,2,4")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print("student      ranks   step   processor seconds   of one rank's   in all-reduce")
    for student, side, batch, steps in CASES:
        one = None
        for ranks in map(int, args.ranks.split(",")):
            command = ["java", "-Xmx1g", *args.opens.split(), "-cp", args.classpath, "stillhouse.benchmarks.TrainSteps",
                       CONF / "students" / f"{student}.yaml", CONF / "recipes" / "scratch.yaml", side, batch, steps, ranks]
            reports = [run(command) for _ in range(args.rounds)]
            seconds = statistics.median(r["processor_seconds"] for r in reports)
            one = one or seconds
            late = [slice(len(r["reduce"]) // 5, None) for r in reports]
            share = statistics.median(statistics.median(r["reduce"][s]) for r, s in zip(reports, late))
            step = statistics.median(statistics.median(r["milliseconds"][s]) for r, s in zip(reports, late))
            print(f"{student:12s} {ranks:5d} {step:7.1f} ms {seconds:12.2f} s {seconds / one:15.3f} {100 * share:14.1f} %", flush=True)


if __name__ == "__main__":
    main()
