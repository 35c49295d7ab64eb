"""Reads a workspace's tables without Spark: Parquet files, and the Delta log that says which of them count."""
import json
import os
from pathlib import Path
from urllib.parse import unquote, urlparse

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

ROOT = Path(os.environ.get("STILLHOUSE_ROOT", "../out/demo"))


def require(place, what):
    """Ends the notebook with a sentence where the workspace lacks what it shows."""
    if not (ROOT / place).is_dir():
        raise SystemExit(f"No {what} in {ROOT.resolve()}. Set STILLHOUSE_ROOT to a workspace that has some.")


def files(table):
    """The Parquet files of a Delta table's newest version."""
    log, live, start = table / "_delta_log", {}, -1
    if (log / "_last_checkpoint").exists():
        start = json.loads((log / "_last_checkpoint").read_text())["version"]
        for part in log.glob(f"{start:020d}.checkpoint*.parquet"):
            adds = pq.read_table(part, columns=["add"]).column("add").to_pylist()
            live.update((a["path"], True) for a in adds if a)
    for commit in sorted(log.glob("*.json")):
        if int(commit.stem) > start:
            for action in map(json.loads, commit.read_text().splitlines()):
                if "add" in action:
                    live[action["add"]["path"]] = True
                elif "remove" in action:
                    live.pop(action["remove"]["path"], None)
    return [table / unquote(path) for path in live]


def table(path, columns=None, filters=None):
    """Columns that a file of an older version lacks are missing in its rows."""
    own = {f: columns and [c for c in columns if c in pq.read_schema(f).names] for f in files(ROOT / path)}
    parts = [pq.read_table(f, columns=c, filters=filters) for f, c in own.items()]
    return pd.concat([p.to_pandas() for p in parts], ignore_index=True)


def tensor(struct):
    """struct<dtype, shape, scale, zero_point, crc32c, data> -> float32 array."""
    dtype = {"fp16": "<f2", "fp32": "<f4", "int8": "i1"}[struct["dtype"]]
    values = np.frombuffer(struct["data"], dtype).reshape(struct["shape"]).astype(np.float32)
    if struct["scale"] is None:
        return values
    channel = (-1,) + (1,) * (values.ndim - 1)
    return ((values - struct["zero_point"].reshape(channel)) * struct["scale"].reshape(channel)).astype(np.float32)


def samples(*more):
    """The samples table, with tile where it has one."""
    tile = [name for name in pq.read_schema(files(ROOT / "tables/samples")[0]).names if name == "tile"]
    return table("tables/samples", ["sample_id", "image_uri", "content_sha256", "split", "width", "height", "classes_present", *more] + tile)


def with_features(samples, features):
    """Samples joined to their feature rows: the tiles of a frame share its content, and rows of an older version name one sample."""
    rectangle = lambda t: "%d,%d,%d,%d" % (t["x"], t["y"], t["width"], t["height"]) if t else ""
    at = lambda frame: frame["tile"].map(rectangle) if "tile" in frame else ""
    older = features.get("sample_id", pd.Series(None, features.index)).notna()
    newer = features[~older].drop(columns=["sample_id"], errors="ignore")
    rows = samples.assign(at=at(samples)).merge(newer.assign(at=at(newer)).drop(columns=["tile"], errors="ignore"), on=["content_sha256", "at"])
    if older.any():
        named = features[older].drop(columns=["content_sha256", "tile"], errors="ignore")
        rows = pd.concat([rows, samples.merge(named, on="sample_id")])
    return rows.sort_values("sample_id")


def few(rows, most=4):
    """Rows that between them show as many classes as possible."""
    shown = rows["classes_present"].map(lambda c: frozenset(int(k) for k in c))
    picked, seen = [], set()
    for (_, row), classes in zip(rows.iterrows(), shown):
        if classes - seen and len(picked) < most:
            picked.append(row)
            seen |= classes
    return picked or [row for _, row in rows.head(most).iterrows()]


def name(row):
    return Path(urlparse(row["image_uri"]).path).name


def picture(row):
    """The image's pixels, of a tile its own."""
    frame = plt.imread(unquote(urlparse(row["image_uri"]).path))
    tile = row.get("tile")
    return frame if tile is None else frame[tile["y"] : tile["y"] + tile["height"], tile["x"] : tile["x"] + tile["width"]]


def weights(e, c, d, betas=(2, 1, 1)):
    """W = S / sum(S), S = b_e E + b_c C + b_d D, each first divided by its mean over the image (components: unit-mean)."""
    floor = 1e-6 * max(m.mean() for m in (e, c, d))  # a component this far below the others is rounding noise
    parts = [b * m / m.mean() for b, m in zip(betas, (e, c, d)) if b > 0 and m.mean() > 0 and m.mean() >= floor]
    score = sum(parts) if parts else np.zeros(e.shape)
    return score / score.sum() if np.any(score) else np.full(e.shape, 1 / e.size)
