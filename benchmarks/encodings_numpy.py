"""What each encoding takes and keeps of a cache in fp32, by NumPy from the formulas of docs/formats.md alone.

    .venv/bin/python benchmarks/encodings_numpy.py WORKSPACE [--layer embedding] [--channels 32 64]

WORKSPACE is one whose data set says `cache: {encoding: fp32}`. Bytes are a tensor's own after zstd at level 3 (int8 with its
scales and zero points), means over all images. The projection is fitted to the training images, every fourth cell of each;
errors are means over the test images. No table is written: cache-encodings.sh measures the tables themselves.
"""

import argparse
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cache_encodings import files

ZSTD = pa.Codec("zstd", compression_level=3)
MIB = 2**20


def read(workspace, layer):
    """Maps and splits by content."""
    split, maps = {}, {}
    for file in files(workspace / "tables/samples"):
        for row in pq.read_table(file, columns=["content_sha256", "split"]).to_pylist():
            split[row["content_sha256"]] = row["split"]
    for file in files(workspace / "cache/features"):
        parquet = pq.ParquetFile(file)
        for group in range(parquet.metadata.num_row_groups):
            for row in parquet.read_row_group(group, columns=["content_sha256", "layer_" + layer]).to_pylist():
                tensor = row["layer_" + layer]
                maps[row["content_sha256"]] = np.frombuffer(tensor["data"], "<f4").reshape(tensor["shape"])
    return split, maps


def components(maps):
    """Mean [C, 1], directions [C, C] by falling variance, shares [C]."""
    cells = np.concatenate([m.reshape(len(m), -1)[:, ::4] for m in maps], 1).astype("f8")
    mean = cells.mean(1, keepdims=True)
    values, vectors = np.linalg.eigh((cells - mean) @ (cells - mean).T / cells.shape[1])
    return mean.astype("f4"), vectors[:, ::-1].T.astype("f4"), values[::-1] / values.sum()


def stored(dtype, z):
    """Bytes, and what is read back."""
    if dtype != "int8":
        written = z.astype({"fp32": "<f4", "fp16": "<f2"}[dtype])
        return written.tobytes(), written.astype("f4")
    low, high = z.min((1, 2)), z.max((1, 2))
    scale = np.maximum((high - low) / 254, np.maximum(abs(low), abs(high)) / 2**23).astype("f4")
    zero = (-128 - np.floor(low / scale + 0.5)).astype("i4")
    q = (np.floor(z / scale[:, None, None] + 0.5) + zero[:, None, None]).astype("i1")
    return q.tobytes() + scale.tobytes() + zero.tobytes(), (q.astype("f4") - zero[:, None, None]) * scale[:, None, None]


def measure(dtype, kept, split, maps, fitted):
    mean, directions, _ = fitted
    p = directions[:kept] if kept else None
    test = [s for s in maps if split[s] == "test"]
    centre = np.mean([maps[s].mean((1, 2)) for s in test], 0)[:, None, None]
    size, plain, centred, cosine = [], [], [], []
    for sha, f in maps.items():
        z = (p @ (f.reshape(len(f), -1) - mean)).reshape(-1, *f.shape[1:]) if kept else f
        written, g = stored(dtype, z)
        size.append(len(ZSTD.compress(written, asbytes=True)))
        if split[sha] == "test":
            g = (mean + p.T @ g.reshape(len(g), -1)).reshape(f.shape) if kept else g
            lost = ((f - g) ** 2).sum(dtype="f8")
            plain.append(lost / (f**2).sum(dtype="f8"))
            centred.append(lost / ((f - centre) ** 2).sum(dtype="f8"))
            cosine.append(((f * g).sum(0) / (np.linalg.norm(f, axis=0) * np.linalg.norm(g, axis=0))).mean())
    return np.mean(size), np.mean(plain), np.mean(centred), np.mean(cosine)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=pathlib.Path)
    parser.add_argument("--layer", default="embedding")
    parser.add_argument("--channels", type=int, nargs="*", default=[])
    args = parser.parse_args()
    split, maps = read(args.workspace, args.layer)
    fitted = components([maps[s] for s in maps if split[s] == "train"])
    for kept in [0, *args.channels]:
        if kept:
            print(f"{kept} channels explain {fitted[2][:kept].sum():.4f} of the training cells' variance")
        for dtype in ("fp32", "fp16", "int8"):
            size, plain, centred, cosine = measure(dtype, kept, split, maps, fitted)
            name = f"{dtype}, {kept} channels" if kept else dtype
            print(f"{name}: {size / MIB:.4f} MiB; relative MSE {plain:.2e}, centred {centred:.2e}, cosine {cosine:.6f}")


if __name__ == "__main__":
    main()
