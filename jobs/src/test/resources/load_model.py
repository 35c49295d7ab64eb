"""Loads a registered model as MLflow's users do and prints its logits for the model's own input example.

Usage: load_model.py TRACKING_URI MODEL_URI, prints {"onnx": [...], "pyfunc": [...], "onnx_sha256": hex}
"""
import hashlib
import json
import sys

import mlflow
import numpy
import onnxruntime

mlflow.set_tracking_uri(sys.argv[1])
folder = mlflow.artifacts.download_artifacts(sys.argv[2])
pyfunc = mlflow.pyfunc.load_model(folder)
example = {name: numpy.asarray(value, numpy.float32) for name, value in pyfunc.input_example.items()}
session = onnxruntime.InferenceSession(mlflow.onnx.load_model(folder).SerializeToString())
print(json.dumps({
    "onnx": session.run(["logits"], example)[0].ravel().tolist(),
    "pyfunc": pyfunc.predict(example)["logits"].ravel().tolist(),
    "onnx_sha256": hashlib.sha256(open(folder + "/model.onnx", "rb").read()).hexdigest(),
}))
