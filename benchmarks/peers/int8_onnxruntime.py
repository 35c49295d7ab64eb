"""INT8 against FP32 on ONNX Runtime's CPU kernels: ours, and onnxruntime.quantization's own on the same FP32 file and images.

    mvn -pl benchmarks -am process-classes -Dint8.skip=false -Dint8.args="--images FOLDER"

Ratios of FP32's time to INT8's (greater is better), the median over calls that take turns; processor time on one thread, wall time on
more. `stock` is quantize_static, QDQ, per channel, unsigned activations, min-max, every operator that it knows; `signed` is our file for
TensorRT. Beside it, how far the logits are from FP32's (root mean square, as a share of their deviation) on images that nothing was
calibrated on. Weights are untrained: times are those of the network, differences are not those of a trained one.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

CONF = pathlib.Path(__file__).resolve().parent.parent.parent / "conf" / "students"
STUDENTS = ["tiny-conv", "r50-fpn", "repvit-m1", "tinyvit-1.6m", "tinyvit-5m", "swin-t"]
CALIBRATED = 8


class Reader(CalibrationDataReader):
    def __init__(self, images):
        self.images = iter(images)

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {"image": image}


def read(file, side):
    image = Image.open(file).convert("RGB").resize((side, side), Image.BILINEAR)
    return np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255


def session(file, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def times(sessions, images, calls, clock):
    taken = [[] for _ in sessions]
    for call in range(-3, calls):
        for each, mine in zip(sessions, taken):
            start = clock()
            each.run(["logits"], {"image": images})
            if call >= 0:
                mine.append(clock() - start)
    return [statistics.median(mine) for mine in taken]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--classpath", help="of Int8Files; left out where FOLDER has its files")
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--calls", type=int, default=25)
    parser.add_argument("--only", nargs="*", default=STUDENTS)
    args = parser.parse_args()
    folder = args.folder or pathlib.Path(tempfile.mkdtemp(prefix="int8-"))
    if args.classpath:
        subprocess.run(["java", "-cp", args.classpath, "stillhouse.benchmarks.Int8Files", folder, args.images, str(args.side),
                        *[CONF / f"{name}.yaml" for name in args.only]], check=True)
    files = sorted(args.images.iterdir())
    calibration = [read(f, args.side) for f in files[:CALIBRATED]]
    unseen = [read(f, args.side) for f in files[-4:]]
    print("student        threads batch  fp32 ms     ours    stock   signed   ours differs  stock differs", flush=True)
    for name in args.only:
        fp32, stock = folder / f"{name}.onnx", folder / f"{name}.stock.onnx"
        prepared = folder / f"{name}.prepared.onnx"
        quant_pre_process(str(fp32), str(prepared), skip_symbolic_shape=True)
        quantize_static(str(prepared), str(stock), Reader(calibration), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
        all_files = [fp32, folder / f"{name}.int8-cpu.onnx", stock, folder / f"{name}.int8.onnx"]
        for threads, batch in ((1, 1), (1, 4), (2, 1)):
            sessions = [session(f, threads) for f in all_files]
            clock = time.process_time if threads == 1 else time.perf_counter
            images = np.concatenate(unseen[:batch])
            fp32_time, *others = times(sessions, images, max(5, args.calls // batch), clock)
            line = f"{name:14s} {threads:7d} {batch:5d} {1000 * fp32_time:8.2f}" + "".join(f" {fp32_time / t:8.2f}" for t in others)
            if batch == 1 and threads == 1:
                logits = [np.concatenate([s.run(["logits"], {"image": i})[0] for i in unseen]) for s in sessions[:3]]
                line += "".join(f" {np.sqrt(((x - logits[0]) ** 2).mean()) / logits[0].std():14.3f}" for x in logits[1:])
            print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
