"""Memory of driver and executor over a job, from the CSV of benchmarks/refresh_at_scale.py.

    .venv/bin/python benchmarks/peers/plot_memory.py MEMORY.csv MEMORY.png
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd


def main(source, target):
    memory = pd.read_csv(source)
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    for column in ("driver", "executors"):
        axes.plot(memory["seconds"], memory[column], label=column)
    axes.set(xlabel="seconds", ylabel="resident MiB", ylim=(0, None))
    axes.legend(loc="lower right")
    axes.grid(alpha=0.3)
    figure.savefig(target, dpi=100)
    for column in ("driver", "executors"):
        held = memory[column]
        quarters = [held[len(held) * q // 4 : len(held) * (q + 1) // 4].mean() for q in range(4)]
        print(f"{column}: means of the quarters {', '.join(f'{q:.0f}' for q in quarters)} MiB, largest {held.max()} MiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
