"""What an encoding of the teacher cache takes and keeps: bytes an image after zstd, and errors against the fp32 cache.

    .venv/bin/python benchmarks/cache_encodings.py OUT [--split test] [--json FILE]

OUT holds a workspace an encoding, as stillhouse.benchmarks.CacheEncodings makes them, `fp32` among them. Bytes are the
compressed sizes of the column's chunks in the Parquet footers (all images); errors are of the split's images alone, so that
with `test` no image counts that a projection was fitted to.
"""

import argparse
import json
import pathlib
from urllib.parse import unquote

import numpy as np
import pyarrow.parquet as pq

MIB = 2**20


def files(table):
    log = sorted((table / "_delta_log").glob("*.json"))
    return [table / unquote(json.loads(line)["add"]["path"]) for f in log for line in open(f) if '"add"' in line]


def chunk_bytes(workspace):
    """Compressed bytes of each layer's columns, and rows."""
    sizes, rows = {}, 0
    for file in files(workspace / "cache/features"):
        meta = pq.ParquetFile(file).metadata
        rows += meta.num_rows
        for g in range(meta.num_row_groups):
            group = meta.row_group(g)
            for c in range(group.num_columns):
                column = group.column(c)
                layer = column.path_in_schema.split(".")[0]
                if layer.startswith("layer_"):
                    sizes[layer] = sizes.get(layer, 0) + column.total_compressed_size
    return sizes, rows


def tensor(t):
    f = np.frombuffer(t["data"], {"fp16": "<f2", "fp32": "<f4", "int8": "i1"}[t["dtype"]]).reshape(t["shape"]).astype("f8")
    if t["dtype"] == "int8":
        f = (f - np.reshape(t["zero_point"], (-1, 1, 1))) * np.reshape(t["scale"], (-1, 1, 1))
    return f


class Maps:
    """A workspace's maps of one layer by the image's content, with all the teacher's channels."""

    def __init__(self, workspace, layer):
        self.projections, self.layer, self.where = workspace / "cache/projections", layer, {}
        for file in files(workspace / "cache/features"):
            for i, sha in enumerate(pq.read_table(file, columns=["content_sha256"]).column(0).to_pylist()):
                self.where[sha] = (file, i)

    def __getitem__(self, sha):
        file, i = self.where[sha]
        # One row a page and few rows a group: reading the column for one row would read them all.
        parquet, at = pq.ParquetFile(file), i
        for g in range(parquet.metadata.num_row_groups):
            rows = parquet.metadata.row_group(g).num_rows
            if at < rows:
                row = parquet.read_row_group(g, columns=["encoding", self.layer]).slice(at, 1).to_pylist()[0]
                return self.restored(row)
            at -= rows
        raise KeyError(sha)

    def restored(self, row):
        f = tensor(row[self.layer])
        rule = dict(part.split("=") for part in row["encoding"].split()[1:]).get(self.layer.removeprefix("layer_"))
        if rule:
            info = json.load(open(self.projections / rule / "projection.json"))
            m = np.load(self.projections / rule / info["matrix"]).astype("f8")
            f = m[0].reshape(-1, 1, 1) + np.tensordot(m[1:], f, (0, 0))
        return f


def errors(reference, other, shas):
    """Means over images: relative squared error, the same around the channel means, cosine a position."""
    mean = np.mean([reference[sha].mean((1, 2)) for sha in shas], 0).reshape(-1, 1, 1)
    plain, centred, cosine = [], [], []
    for sha in shas:
        f, g = reference[sha], other[sha]
        lost = ((f - g) ** 2).sum()
        plain.append(lost / (f**2).sum())
        centred.append(lost / ((f - mean) ** 2).sum())
        cosine.append(((f * g).sum(0) / np.maximum(np.linalg.norm(f, axis=0) * np.linalg.norm(g, axis=0), 1e-12)).mean())
    return {"relative_mse": np.mean(plain), "relative_mse_centred": np.mean(centred), "cosine": np.mean(cosine)}


def structure(reference, other, split):
    """Mean over images of the relative L1 distance of E, C and D."""
    maps = {}
    for name, workspace in (("a", reference), ("b", other)):
        keys = {}
        for file in files(workspace / "cache/features"):
            for row in pq.read_table(file, columns=["feature_key", "content_sha256"]).to_pylist():
                keys[row["feature_key"]] = row["content_sha256"]
        for file in files(workspace / "cache/structure"):
            for row in pq.read_table(file).to_pylist():
                maps[name, keys[row["feature_key"]]] = {k: tensor(row[k]) for k in "ecd"}
    return {
        k: np.mean([abs(maps["a", s][k] - maps["b", s][k]).sum() / maps["a", s][k].sum() for s in split]) for k in "ecd"
    }


def teacher_score(workspace):
    """The teacher's own masks, its decoder reading what is stored."""
    metrics = json.load(open(workspace / "teacher.json"))["metrics"]
    return {k: metrics[k] for k in ("iou", "boundary_iou")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    reference = args.out / "fp32"
    shas = [
        row["content_sha256"]
        for file in sorted((reference / "tables/samples").glob("*.parquet"))
        for row in pq.read_table(file, columns=["content_sha256", "split"]).to_pylist()
        if row["split"] == args.split
    ]
    result = {}
    for workspace in sorted(p.parent.parent for p in args.out.glob("*/cache/features")):
        sizes, rows = chunk_bytes(workspace)
        layers = {}
        for layer, size in sizes.items():
            layers[layer] = {"bytes": size / rows}
            if workspace != reference:
                layers[layer] |= errors(Maps(reference, layer), Maps(workspace, layer), shas)
        entry = {"images": rows, "bytes": sum(sizes.values()) / rows, "layers": layers, **teacher_score(workspace)}
        if workspace != reference:
            entry["structure"] = structure(reference, workspace, shas)
        for info in workspace.glob("cache/projections/*/projection.json"):
            entry["explained"] = json.load(open(info))["explained"]
        result[workspace.name] = entry
    full = {layer: v["bytes"] for layer, v in result["fp32"]["layers"].items()}
    print(f"{len(shas)} images of split {args.split}; bytes of all {result['fp32']['images']}")
    for name, entry in result.items():
        score = " ".join(f"{k} {entry[k]:.4f}" for k in ("iou", "boundary_iou") if k in entry)
        print(f"{name}: {entry['bytes'] / MIB:.3f} MiB an image, {entry['bytes'] / sum(full.values()):.3f} of fp32; {score}")
        if "explained" in entry:
            print(f"  explained {entry['explained']:.4f}")
        for layer, v in entry["layers"].items():
            line = f"  {layer}: {v['bytes'] / MIB:.4f} MiB, {v['bytes'] / full[layer]:.4f} of fp32"
            if "cosine" in v:
                line += f"; relative MSE {v['relative_mse']:.2e}, centred {v['relative_mse_centred']:.2e}, cosine {v['cosine']:.6f}"
            print(line)
        if "structure" in entry:
            print("  structure, relative L1: " + ", ".join(f"{k.upper()} {x:.4f}" for k, x in entry["structure"].items()))
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
