"""What a refresh costs when nothing has changed, and when one image in a hundred has; and what the driver needs meanwhile.

    .venv/bin/python benchmarks/refresh_at_scale.py --samples 1000,10000,100000 --out /tmp/scale

For each count it draws that many PNG files of 32x32 pixels (ten folders), makes a segmenter of random weights, and runs the
launcher's own jobs against a real MLflow server: the full build, a refresh of what is there, and a refresh after one file in
a hundred was drawn anew. Executors have a JVM of their own (local-cluster), so the driver's memory is the driver's alone.
The images cost next to nothing: what is left is what Stillhouse costs.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

HOME = pathlib.Path(__file__).resolve().parent.parent
FOLDERS, SIDE, BATCH = 10, 32, 32
CLUSTER = """spark.master local-cluster[1,2,2048]
spark.executor.cores 2
spark.executor.memory 2g
spark.sql.shuffle.partitions 8
spark.databricks.delta.snapshotPartitions 4
spark.driver.defaultJavaOptions -XX:+UseSerialGC
spark.executor.defaultJavaOptions -XX:+UseSerialGC
"""


def draw(path, number, generation):
    """A file that no other number or generation has."""
    random = np.random.default_rng([number, generation])
    block = random.integers(0, 256, (4, 4, 3), np.uint8).repeat(SIDE // 4, 0).repeat(SIDE // 4, 1)
    block[0, :4] = [number & 255, number >> 8 & 255, number >> 16 & 255]
    Image.fromarray(block).save(path, compress_level=1)


def files(folder, count):
    return [folder / f"images-{n % FOLDERS}" / f"part-{n:07}.png" for n in range(count)]


def segmenter(path):
    """[B, 3, 32, 32] to features [B, 8, 8, 8] and logits [B, 1, 8, 8]."""
    random = np.random.default_rng(1)

    def weights(name, *shape):
        return numpy_helper.from_array((random.standard_normal(shape) / 4).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["image", "w"], ["raw"], strides=[4, 4], kernel_shape=[4, 4]),
        helper.make_node("Relu", ["raw"], ["features"]),
        helper.make_node("Conv", ["features", "v"], ["logits"], kernel_shape=[1, 1]),
    ]
    tensor = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        nodes, "segmenter", [tensor("image", BATCH, 3, SIDE, SIDE)],
        [tensor("features", BATCH, 8, 8, 8), tensor("logits", BATCH, 1, 8, 8)],
        [weights("w", 8, 3, 4, 4), weights("v", 1, 8, 1, 1)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def configure(work, count):
    import hashlib

    segmenter(work / "teacher.onnx")
    digest = hashlib.sha256((work / "teacher.onnx").read_bytes()).hexdigest()
    (work / "teacher.yaml").write_text(
        f"name: tiny\nengine: onnxruntime\nfiles:\n  encoder: {{source: 'file:teacher.onnx', sha256: {digest}}}\n"
        f"input: {{name: image, height: {SIDE}, width: {SIDE}, batch: {BATCH}, resize: direct, scale: '0..1',"
        " mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}\nlayers: {embedding: features}\nlogits: logits\n")
    sources = "".join(f"  - {{images: {work}/images-{i}, split: hash}}\n" for i in range(FOLDERS))
    (work / "data.yaml").write_text(
        f"name: scale-{count}\nclasses: [part]\nsources:\n{sources}input: {{height: 32, width: 32}}\n")
    (work / "cluster.conf").write_text(CLUSTER)


class DriverMemory(threading.Thread):
    """The largest resident set of the driver's JVM, MiB."""

    def __init__(self, job):
        super().__init__(daemon=True)
        self.job, self.peak, self.going = job, 0, True

    def run(self):
        while self.going:
            for status in pathlib.Path("/proc").glob("[0-9]*/status"):
                try:
                    command = (status.parent / "cmdline").read_bytes()
                    if b"deploy.SparkSubmit" in command and self.job in command:
                        self.peak = max(self.peak, int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) // 1024)
                except (OSError, TypeError):
                    continue  # ended meanwhile
            time.sleep(1)


def refresh(work, driver_memory):
    """Seconds, the driver's peak and what the job said."""
    env = {**os.environ, "STILLHOUSE_CLUSTER": str(work / "cluster.conf"),
           "STILLHOUSE_SUBMIT_ARGS": f"--driver-memory {driver_memory}"}
    command = [HOME / "bin/stillhouse", "refresh", "--data", work / "data.yaml", "--root", work / "root",
               "--teacher", work / "teacher.yaml", "--chunk", "8192"]
    memory = DriverMemory(str(work / "root").encode())
    memory.start()
    start = time.perf_counter()
    done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    memory.going = False
    (work / "refresh.log").open("a").write(done.stdout + done.stderr)
    if done.returncode:
        sys.exit(f"refresh failed; see {work}/refresh.log\n{done.stderr[-2000:]}")
    said = re.search(r"Cached (\d+) of (\d+) samples.*features (\d+) new", done.stdout + done.stderr)
    return {"seconds": round(seconds, 1), "driver_mib": memory.peak, "cached": int(said[1]), "asked": int(said[3])}


def measure(out, count, driver_memory):
    work = out / str(count)
    for folder in range(FOLDERS):
        (work / f"images-{folder}").mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(files(work, count)):
        draw(path, number, 0)
    configure(work, count)
    rows = {"build": refresh(work, driver_memory), "nothing changed": refresh(work, driver_memory)}
    for number, path in list(enumerate(files(work, count)))[::100]:
        draw(path, number, 1)
    rows["1 % changed"] = refresh(work, driver_memory)
    for name, row in rows.items():
        print(f"{count:>8} {name:<16} {row['seconds']:8.1f} s  asked {row['asked']:>7}  driver {row['driver_mib']:>5} MiB", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", default="1000,10000,100000")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="a new folder")
    parser.add_argument("--driver-memory", default="768m", help="the driver's heap, the same for every count")
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    out = args.out.resolve()
    server = subprocess.Popen([str(HOME / "bin/stillhouse"), "mlflow", str(out / "mlflow")], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        for line in server.stdout:
            if found := re.search(r"MLflow: (http\S+)", line):
                os.environ["MLFLOW_TRACKING_URI"] = found[1]
                break
        else:
            sys.exit("the MLflow server did not start")
        table = {int(n): measure(out, int(n), args.driver_memory) for n in args.samples.split(",")}
    finally:
        server.terminate()
        server.wait()
    (out / "table.json").write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
