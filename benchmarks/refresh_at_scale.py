"""What a refresh costs when nothing has changed, and when one image in a hundred has; and what the driver needs meanwhile.

    .venv/bin/python benchmarks/refresh_at_scale.py --samples 1000,10000,100000 --out /tmp/scale
    .venv/bin/python benchmarks/refresh_at_scale.py --samples 100000 --prompts 4 --build-only --out /tmp/soak

For each count it draws that many PNG files of 32x32 pixels (ten folders), makes a segmenter of random weights, and runs the
launcher's own jobs against a real MLflow server: the full build, a refresh of what is there, and a refresh after one file in
a hundred was drawn anew. Executors have a JVM of their own (local-cluster), so the driver's memory is the driver's alone.
The images cost next to nothing: what is left is what Stillhouse costs. With --prompts the teacher has a decoder, which is asked about
that many points of each image. Resident memory of the driver and of the executor, second by second, goes to OUT/COUNT/memory-JOB.csv
(benchmarks/peers/plot_memory.py draws it).
"""

import argparse
import hashlib
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
spark.executor.defaultJavaOptions -XX:+UseSerialGC -Dscale.work=WORK
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


def decoder(path):
    """[1, 8, 8, 8] and any points to masks [1, 3, 16, 16] and their scores, by EdgeSAM's names."""
    random = np.random.default_rng(2)
    constants = [
        numpy_helper.from_array((random.standard_normal((3, 8, 1, 1)) / 2).astype(np.float32), "w"),
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice"),
        numpy_helper.from_array(np.array([[0.9, 0.8, 0.7]], np.float32), "sure"),
        numpy_helper.from_array(np.array(0.001, np.float32), "little"),
    ]
    nodes = [
        helper.make_node("Conv", ["image_embeddings", "w"], ["small"], kernel_shape=[1, 1]),
        helper.make_node("Resize", ["small", "", "twice"], ["large"], mode="nearest"),
        helper.make_node("ReduceSum", ["point_coords"], ["where"], keepdims=0),
        helper.make_node("Mul", ["where", "little"], ["moved"]),
        helper.make_node("Add", ["large", "moved"], ["masks"]),
        helper.make_node("ReduceSum", ["point_labels"], ["many"], keepdims=0),
        helper.make_node("Mul", ["many", "little"], ["bonus"]),
        helper.make_node("Add", ["sure", "bonus"], ["scores"]),
    ]
    tensor = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        nodes, "decoder",
        [tensor("image_embeddings", 1, 8, 8, 8), tensor("point_coords", 1, "points", 2), tensor("point_labels", 1, "points")],
        [tensor("scores", 1, 3), tensor("masks", 1, 3, 16, 16)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def configure(work, count, prompts):
    """A segmenter, or a teacher that is asked about that many points."""
    segmenter(work / "teacher.onnx")
    files, answers = f"encoder: {{source: 'file:teacher.onnx', sha256: {digest(work / 'teacher.onnx')}}}", "logits: logits\n"
    asked = ""
    if prompts:
        decoder(work / "decoder.onnx")
        files += f", decoder: {{source: 'file:decoder.onnx', sha256: {digest(work / 'decoder.onnx')}}}"
        answers = "embedding: embedding\ndecoder: {kind: edge-sam}\n"
        asked = f"prompts: {{source: grid, rows: 1, columns: {prompts}, maxArea: 1, overlap: 1, minIou: 0}}\n"
    (work / "teacher.yaml").write_text(
        f"name: tiny\nengine: onnxruntime\nfiles: {{{files}}}\n"
        f"input: {{name: image, height: {SIDE}, width: {SIDE}, batch: {BATCH}, resize: direct, scale: '0..1',"
        f" mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}}\nlayers: {{embedding: features}}\n{answers}")
    sources = "".join(f"  - {{images: {work}/images-{i}, split: hash}}\n" for i in range(FOLDERS))
    (work / "data.yaml").write_text(
        f"name: scale-{count}\nclasses: [part]\nsources:\n{sources}input: {{height: 32, width: 32}}\n{asked}")
    (work / "cluster.conf").write_text(CLUSTER.replace("WORK", str(work)))


class Memory(threading.Thread):
    """Resident memory of the driver's JVM and of the executors', MiB, second by second."""

    PROCESSES = {"driver": b"deploy.SparkSubmit", "executors": b"CoarseGrainedExecutorBackend"}

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.going, self.lines, self.peaks = str(work).encode(), True, [], dict.fromkeys(self.PROCESSES, 0)

    def run(self):
        start = time.perf_counter()
        while self.going:
            held = dict.fromkeys(self.PROCESSES, 0)
            for status in pathlib.Path("/proc").glob("[0-9]*/status"):
                try:
                    command = (status.parent / "cmdline").read_bytes()
                    for name, main in self.PROCESSES.items():
                        if main in command and self.work in command:
                            now, most = (int(re.search(rf"{key}:\s+(\d+)", status.read_text())[1]) // 1024
                                         for key in ("VmRSS", "VmHWM"))
                            held[name] += now
                            self.peaks[name] = max(self.peaks[name], most)
                except (OSError, TypeError):
                    continue  # ended meanwhile
            self.lines.append((round(time.perf_counter() - start, 1), *held.values()))
            time.sleep(1)

    def save(self, file):
        rows = "".join(f"{seconds},{driver},{executors}\n" for seconds, driver, executors in self.lines)
        file.write_text(f"seconds,{','.join(self.PROCESSES)}\n{rows}")


def refresh(work, driver_memory, name):
    """Seconds, memory at its most and what the job said."""
    env = {**os.environ, "STILLHOUSE_CLUSTER": str(work / "cluster.conf"),
           "STILLHOUSE_SUBMIT_ARGS": f"--driver-memory {driver_memory}"}
    command = [HOME / "bin/stillhouse", "refresh", "--data", work / "data.yaml", "--root", work / "root",
               "--teacher", work / "teacher.yaml", "--chunk", "8192"]
    memory = Memory(work)
    memory.start()
    start = time.perf_counter()
    done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    memory.going = False
    memory.join()
    memory.save(work / f"memory-{name.replace(' ', '-').replace('%', 'percent')}.csv")
    (work / "refresh.log").open("a").write(done.stdout + done.stderr)
    if done.returncode:
        sys.exit(f"refresh failed; see {work}/refresh.log\n{done.stderr[-2000:]}")
    said = re.search(r"Cached (\d+) of (\d+) samples.*features (\d+) new", done.stdout + done.stderr)
    return {"seconds": round(seconds, 1), "driver_mib": memory.peaks["driver"],
            "executors_mib": memory.peaks["executors"], "cached": int(said[1]), "asked": int(said[3])}


def measure(out, count, args):
    work = out / str(count)
    for folder in range(FOLDERS):
        (work / f"images-{folder}").mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(files(work, count)):
        draw(path, number, 0)
    configure(work, count, args.prompts)
    rows = {"build": refresh(work, args.driver_memory, "build")}
    if not args.build_only:
        rows["nothing changed"] = refresh(work, args.driver_memory, "nothing changed")
        for number, path in list(enumerate(files(work, count)))[::100]:
            draw(path, number, 1)
        rows["1 % changed"] = refresh(work, args.driver_memory, "1 % changed")
    for name, row in rows.items():
        print(f"{count:>8} {name:<16} {row['seconds']:8.1f} s  asked {row['asked']:>7}  driver {row['driver_mib']:>5} MiB"
              f"  executor {row['executors_mib']:>5} MiB", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", default="1000,10000,100000")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="a new folder")
    parser.add_argument("--driver-memory", default="768m", help="the driver's heap, the same for every count")
    parser.add_argument("--prompts", type=int, default=0, help="ask a decoder about that many points of each image")
    parser.add_argument("--build-only", action="store_true", help="leave out the refreshes")
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
        table = {int(n): measure(out, int(n), args) for n in args.samples.split(",")}
    finally:
        server.terminate()
        server.wait()
    (out / "table.json").write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
