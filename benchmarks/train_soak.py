"""Memory of a long training, second by second: is it flat?

    .venv/bin/python benchmarks/train_soak.py --out /tmp/soak train --data drawn-scenes ... --steps 10000

Runs the launcher with the arguments that follow on cluster `local-1`, where rank, driver and engine share one JVM, and writes
OUT/memory.csv: seconds, resident MiB of that JVM, MiB of its heap in use (collected and not). Prints the means of the quarters of both,
of the heap the least of each window of 20 samples, which is nearest to what is live; OUT/memory.png shows them.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

HOME = pathlib.Path(__file__).resolve().parent.parent
WINDOW = 20


def jvm(parent):
    """The job's own JVM: the launcher's descendant that runs spark-submit's class."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    rows = [line.split(None, 2) for line in listed]
    family = {parent}
    for _ in range(5):
        family |= {int(pid) for pid, above, _ in rows if int(above) in family}
    return next((int(pid) for pid, _, args in rows
                 if int(pid) in family and "org.apache.spark.deploy.SparkSubmit" in args
                 and "org.apache.spark.launcher.Main" not in args and "java" in args.split()[0]), None)


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return None


def heap(pid):
    done = subprocess.run(["jstat", "-gc", str(pid)], capture_output=True, text=True)
    if done.returncode:
        return None
    names, values = (line.split() for line in done.stdout.strip().splitlines())
    used = dict(zip(names, values))
    return sum(float(used[k]) for k in ("S0U", "S1U", "EU", "OU")) / 1024


def watch(job):
    rows, began, pid = [], time.monotonic(), None
    while job.poll() is None:
        time.sleep(1)
        pid = pid or jvm(job.pid)
        if pid is None:
            continue
        try:
            row = (time.monotonic() - began, resident(pid), heap(pid))
        except FileNotFoundError:
            pid = None  # it has ended
            continue
        if None not in row:
            rows.append(row)
    return pd.DataFrame(rows, columns=["seconds", "resident", "heap"])


def quarters(values):
    return ", ".join(f"{values[len(values) * q // 4:len(values) * (q + 1) // 4].mean():.0f}" for q in range(4))


def draw(memory, path):
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    axes.plot(memory["seconds"], memory["resident"], label="resident")
    axes.plot(memory["seconds"], memory["heap"].rolling(WINDOW).min(), label=f"heap in use, least of {WINDOW} s")
    axes.set(xlabel="seconds", ylabel="MiB", ylim=(0, None))
    axes.legend(loc="lower right")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("job", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    job = subprocess.Popen([HOME / "bin" / "stillhouse", *args.job], env={**os.environ, "STILLHOUSE_CLUSTER": "local-1"})
    memory = watch(job)
    if job.wait():
        sys.exit(f"the job failed with {job.returncode}")
    memory.to_csv(args.out / "memory.csv", index=False, float_format="%.1f")
    draw(memory, args.out / "memory.png")
    print(f"resident: means of the quarters {quarters(memory['resident'])} MiB, largest {memory['resident'].max():.0f} MiB")
    print(f"heap in use: means of the quarters {quarters(memory['heap'].rolling(WINDOW).min().dropna())} MiB")


if __name__ == "__main__":
    main()
