"""Memory over images, from the CSV of stillhouse.benchmarks.EncodeSoak.

    .venv/bin/python benchmarks/peers/plot_soak.py SOAK.csv SOAK.png
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

LINES = {"rss_mib": "resident (heap, native, code)", "heap_mib": "live heap", "direct_mib": "direct buffers"}


def main(source, target):
    soak = pd.read_csv(source)
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    for column, label in LINES.items():
        axes.plot(soak["images"] / 1000, soak[column], label=label)
    axes.set(xlabel="thousand images", ylabel="MiB", ylim=(0, None))
    axes.legend(loc="center right")
    axes.grid(alpha=0.3)
    figure.savefig(target, dpi=100)
    later = soak[soak["images"] >= soak["images"].max() / 4]
    for column in LINES:
        first, last = later[column].head(5).mean(), later[column].tail(5).mean()
        print(f"{column}: {first:.1f} MiB after a quarter, {last:.1f} at the end, largest {later[column].max():.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
