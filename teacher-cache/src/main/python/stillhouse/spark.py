"""The frozen teacher as a stage of Spark ML.

Its path is that of the Java class ``stillhouse.spark.TeacherTransformer``, where PySpark looks for a saved stage's class.
It travels in the Stillhouse jar: ``spark-submit --jars JAR --py-files JAR …``.
"""

from typing import Any, List, Optional

from pyspark import keyword_only
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import JavaMLReadable, JavaMLWritable
from pyspark.ml.wrapper import JavaTransformer

__all__ = ["TeacherTransformer"]


def _text(name: str, doc: str) -> "Param[str]":
    return Param(Params._dummy(), name, doc, typeConverter=TypeConverters.toString)


class TeacherTransformer(JavaTransformer, JavaMLReadable["TeacherTransformer"], JavaMLWritable):
    """Asks a frozen teacher about a column of images.

    Adds ``outputCol``, a struct of one tensor column a layer, and ``errorCol``, why a row has none. No row is dropped.
    inputCol, outputCol, engine, modelUrl and batchSize are named as in DJL's Spark extension.

    >>> asked = TeacherTransformer(teacher="conf/teachers/mine.yaml", inputCol="content").transform(images)
    """

    inputCol = _text("inputCol", "column of images: a file's bytes, a URI or an image struct")
    outputCol = _text("outputCol", "gets a struct of one tensor column a layer")
    errorCol = _text("errorCol", "gets why a row has no output (default: outputCol with _error)")
    teacher = _text("teacher", "the teacher's YAML file, or a name of conf/teachers")
    modelUrl = _text("modelUrl", "with teacher: where its model file lies; without: a folder with teacher.yaml")
    engine = _text("engine", "OnnxRuntime or PyTorch; refused where the YAML says another")
    batchSize: "Param[int]" = Param(
        Params._dummy(), "batchSize", "images a call, in place of the YAML's", typeConverter=TypeConverters.toInt
    )
    layers: "Param[List[str]]" = Param(
        Params._dummy(),
        "layers",
        "of the YAML's layers, and logits, those to give",
        typeConverter=TypeConverters.toListString,
    )
    encoding = _text("encoding", "how maps are stored: fp32, fp16 or int8 (logits: never int8)")

    _input_kwargs: "dict[str, Any]"

    @keyword_only
    def __init__(
        self,
        *,
        teacher: Optional[str] = None,
        inputCol: Optional[str] = None,
        outputCol: Optional[str] = None,
        errorCol: Optional[str] = None,
        modelUrl: Optional[str] = None,
        engine: Optional[str] = None,
        batchSize: Optional[int] = None,
        layers: Optional[List[str]] = None,
        encoding: Optional[str] = None,
    ) -> None:
        super().__init__()
        self._java_obj = self._new_java_obj("stillhouse.spark.TeacherTransformer", self.uid)
        self._setDefault(inputCol="image", outputCol="features", encoding="fp16")
        self._set(**self._input_kwargs)

    @keyword_only
    def setParams(self, **params: Any) -> "TeacherTransformer":
        """Sets any of the parameters that the constructor takes."""
        return self._set(**self._input_kwargs)

    def setTeacher(self, value: str) -> "TeacherTransformer":
        return self._set(teacher=value)

    def setInputCol(self, value: str) -> "TeacherTransformer":
        return self._set(inputCol=value)

    def setOutputCol(self, value: str) -> "TeacherTransformer":
        return self._set(outputCol=value)

    def setErrorCol(self, value: str) -> "TeacherTransformer":
        return self._set(errorCol=value)

    def setModelUrl(self, value: str) -> "TeacherTransformer":
        return self._set(modelUrl=value)

    def setEngine(self, value: str) -> "TeacherTransformer":
        return self._set(engine=value)

    def setBatchSize(self, value: int) -> "TeacherTransformer":
        return self._set(batchSize=value)

    def setLayers(self, value: List[str]) -> "TeacherTransformer":
        return self._set(layers=value)

    def setEncoding(self, value: str) -> "TeacherTransformer":
        return self._set(encoding=value)
