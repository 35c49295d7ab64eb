package stillhouse.jobs;

import java.nio.file.Path;
import stillhouse.predict.OnnxSource;
import stillhouse.tensorrt.EngineNetwork;
import stillhouse.tensorrt.EngineResult;

/**
 * The TensorRT engine of a run's file, scored as it ships: on a GPU, by ONNX Runtime's TensorRT
 * provider.
 */
record ScoredEngine(ScoredFile file, EngineResult.Built built) implements Scored {
  static final String WORD = "tensorrt";

  @Override
  public Path folder() {
    return file.folder();
  }

  @Override
  public Variant variant() {
    return file.variant();
  }

  @Override
  public String name(String run) {
    return file.name(run) + "." + WORD;
  }

  @Override
  public String suffix() {
    return file.suffix() + "_" + WORD;
  }

  @Override
  public Path scores() {
    return file.engine();
  }

  @Override
  public OnnxSource source() {
    return OnnxSource.ofEngine(EngineNetwork.of(file.require(), built), built.engine().toString());
  }
}
