"""What more ranks cost on this machine: processor seconds of N ranks over those of one, and the share of a step in all-reduce.

    mvn -pl benchmarks -am process-classes -Dranks.skip=false -Dranks.args="--ranks 1,2,4"

The same global batches whatever N, each rank a JVM of one thread. On a machine of fewer cores than ranks a rank waits in all-reduce
for those that have not had their turn: the share says little then, the processor seconds do. Of each JVM they are counted from the
step after the first fifth to the last, start and compilation left out.

Busy cores that share a processor slow each other, and a small batch costs more an image than a large one, ranks or no ranks. So N ranks are
held, too, against N trainings of one rank, each of its own and of a share of the batch, that run at the same time ("apart"): what is above
them is what training together costs.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import statistics
import subprocess
import sys

CONF = pathlib.Path(__file__).resolve().parent.parent.parent / "conf"
CASES = [("tiny-conv", 128, 16, 150), ("tinyvit-1.6m", 128, 16, 40), ("r50-fpn", 128, 8, 16)]


def start(command):
    env = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "1073741824",
           "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(pathlib.Path(sys.prefix) / "spark"), "SPARK_SCALA_VERSION": "2.12"}
    return subprocess.Popen([str(c) for c in command], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def report(process):
    out, err = process.communicate()
    if process.returncode:
        sys.exit(f"{process.args} failed:\n{err[-3000:]}")
    return json.loads(out.strip().splitlines()[-1])


def apart(command, ranks):
    """Processor seconds of as many trainings at once, each of one rank."""
    # Each is read on a thread of its own: a full pipe would stop it.
    with concurrent.futures.ThreadPoolExecutor(ranks) as pool:
        return sum(r["processor_seconds"] for r in pool.map(report, [start(command) for _ in range(ranks)]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--classpath", required=True)
    parser.add_argument("--opens", default="", help="the JVM's further options")
    parser.add_argument("--ranks", default="1,2,4")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print("student      ranks   step   processor seconds   of one rank's   of as many apart   in all-reduce")
    for student, side, batch, steps in CASES:
        one = None
        for ranks in map(int, args.ranks.split(",")):
            def command(batch, ranks):
                return ["java", "-Xmx1g", *args.opens.split(), "-cp", args.classpath, "stillhouse.benchmarks.TrainSteps",
                        CONF / "students" / f"{student}.yaml", CONF / "recipes" / "scratch.yaml", side, batch, steps, ranks]

            reports = [report(start(command(batch, ranks))) for _ in range(args.rounds)]
            seconds = statistics.median(r["processor_seconds"] for r in reports)
            one = one or seconds
            alone = seconds if ranks == 1 else statistics.median(apart(command(batch // ranks, 1), ranks) for _ in range(args.rounds))
            late = [slice(len(r["reduce"]) // 5, None) for r in reports]
            share = statistics.median(statistics.median(r["reduce"][s]) for r, s in zip(reports, late))
            step = statistics.median(statistics.median(r["milliseconds"][s]) for r, s in zip(reports, late))
            print(f"{student:12s} {ranks:5d} {step:7.1f} ms {seconds:12.2f} s {seconds / one:15.3f} {seconds / alone:18.3f} {100 * share:14.1f} %", flush=True)


if __name__ == "__main__":
    main()
