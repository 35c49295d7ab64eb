"""Checks an exported student as a Python user would: check_student.py FILE IMAGE LOGITS EMBEDDING [FILE...] (raw float32).

Further files are the same student in other precisions: checked, and run on a batch of two and of one."""
import sys

import numpy as np
import onnx
import onnxruntime

file, image, logits, embedding, *precisions = sys.argv[1:]
model = onnx.load(file)
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
size = [d if isinstance(d, int) else -1 for d in session.get_inputs()[0].shape]
outputs = session.run(["logits", "embedding"], {"image": np.fromfile(image, np.float32).reshape(size)})
for name, got, want in zip(("logits", "embedding"), outputs, (logits, embedding)):
    difference = np.abs(got.ravel() - np.fromfile(want, np.float32)).max()
    if not difference < 1e-4:
        sys.exit(f"{name} differs by up to {difference}")

images = np.fromfile(image, np.float32).reshape(size)
for other in precisions:
    onnx.checker.check_model(onnx.load(other), full_check=True)
    session = onnxruntime.InferenceSession(other, providers=["CPUExecutionProvider"])
    both, = session.run(["logits"], {"image": images})
    first, = session.run(["logits"], {"image": images[:1]})
    if not (both.dtype == np.float32 and both.shape == outputs[0].shape and first.shape == (1, *both.shape[1:])):
        sys.exit(f"{other}: logits are {both.dtype} {both.shape} and {first.shape}")
    # Rounding may fall otherwise in another batch, here and there by whole steps; another image differs throughout.
    apart = np.sqrt(np.mean((both[:1] - first) ** 2))
    if not apart < 0.5 * np.std(outputs[0]):
        sys.exit(f"{other}: the first of a batch is not the first alone: by {apart}, logits deviate by {np.std(outputs[0])}")
