"""Checks an exported student as a Python user would: check_student.py FILE IMAGE LOGITS EMBEDDING (raw float32)."""
import sys

import numpy as np
import onnx
import onnxruntime

file, image, logits, embedding = sys.argv[1:]
model = onnx.load(file)
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
size = [d if isinstance(d, int) else -1 for d in session.get_inputs()[0].shape]
outputs = session.run(["logits", "embedding"], {"image": np.fromfile(image, np.float32).reshape(size)})
for name, got, want in zip(("logits", "embedding"), outputs, (logits, embedding)):
    difference = np.abs(got.ravel() - np.fromfile(want, np.float32)).max()
    if not difference < 1e-4:
        sys.exit(f"{name} differs by up to {difference}")
