"""A pipeline with the teacher, made, saved, loaded and run from Python.

Run: spark-submit --jars JAR --py-files JAR pipeline.py TEACHER_YAML IMAGES_FOLDER PIPELINE_FOLDER OUT_JSON
"""

import json
import sys

import numpy as np
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import SQLTransformer
from pyspark.sql import SparkSession
from stillhouse.spark import TeacherTransformer

teacher, images, saved, out = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
data = spark.read.format("binaryFile").load(images).select("path", "content")

stage = TeacherTransformer(teacher=teacher, inputCol="content", layers=["embedding"]).setBatchSize(2)
made = Pipeline(stages=[stage, SQLTransformer(statement="SELECT *, path LIKE '%.png' AS png FROM __THIS__")])
made.fit(data).write().overwrite().save(saved)

loaded = PipelineModel.load(saved)
first = loaded.stages[0]
assert type(first) is TeacherTransformer and first.uid == stage.uid, first
assert first.getOrDefault("layers") == ["embedding"] and first.getOrDefault("batchSize") == 2, first.explainParams()
alone = TeacherTransformer.load(f"{saved}/stages/0_{stage.uid}")
assert alone.extractParamMap().values, alone

rows = loaded.transform(data).orderBy("path").collect()
result = []
for row in rows:
    tensor = row.features and row.features.embedding
    result.append(
        {
            "png": row.png,
            "error": row.features_error,
            "shape": tensor and tensor.shape,
            "sum": tensor and float(np.frombuffer(tensor.data, "<f2").astype("f8").sum()),
        }
    )
with open(out, "w") as f:
    json.dump(result, f)
spark.stop()
