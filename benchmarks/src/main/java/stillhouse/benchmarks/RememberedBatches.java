package stillhouse.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import stillhouse.data.RgbImage;
import stillhouse.loss.Targets;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;
import stillhouse.teacher.TeacherPool;
import stillhouse.train.Batch;
import stillhouse.train.BatchSource;

/**
 * The batches of another source's first epoch, kept in memory for all later ones; where there is a
 * teacher it is asked about each batch's images first, and its answers are left.
 */
final class RememberedBatches implements BatchSource {
  private final BatchSource source;
  private final Teacher teacher; // null: none is asked
  private final List<Kept> kept = new ArrayList<>();

  /**
   * @param teacher its YAML; empty for none
   */
  RememberedBatches(BatchSource source, String teacher) {
    this.source = source;
    this.teacher = teacher.isEmpty() ? null : open(Path.of(teacher));
  }

  private static Teacher open(Path yaml) {
    var config = TeacherConfig.load(yaml);
    return TeacherPool.shared().acquire(TeacherFiles.resolve(config, TeacherFiles.defaultCache()));
  }

  /** A tensor's numbers outside any manager. */
  private record Values(ByteBuffer bytes, Shape shape) {
    static Values of(NDArray tensor) {
      byte[] values = tensor.toByteArray();
      ByteBuffer bytes = ByteBuffer.allocateDirect(values.length).order(ByteOrder.nativeOrder());
      bytes.put(values).flip();
      return new Values(bytes, tensor.getShape());
    }

    NDArray on(NDManager manager) {
      return manager.create(bytes, shape, DataType.FLOAT32);
    }
  }

  private record Kept(
      Values image,
      Values truth,
      Values valid,
      Values logits,
      Values embedding,
      Values structure,
      Batch batch) {
    static Kept of(Batch batch) {
      Targets t = batch.targets();
      return new Kept(
          Values.of(batch.image()),
          Values.of(t.truth()),
          Values.of(t.valid()),
          Values.of(t.teacherLogits()),
          Values.of(t.teacherEmbedding()),
          Values.of(t.structure()),
          batch);
    }

    Batch on(NDManager manager) {
      var targets =
          new Targets(
              truth.on(manager),
              valid.on(manager),
              logits.on(manager),
              embedding.on(manager),
              structure.on(manager),
              batch.targets().noise());
      return new Batch(
          image.on(manager), targets, batch.weight(), batch.labelled(), batch.sampleIds());
    }
  }

  @Override
  public int stepsPerEpoch() {
    return source.stepsPerEpoch();
  }

  @Override
  public Batch next(NDManager manager, int epoch, int step) {
    if (epoch == 0) {
      Batch batch = source.next(manager, epoch, step);
      kept.add(Kept.of(batch));
      return batch;
    }
    if (step == 0) {
      source.close(); // it would go on reading ahead
    }
    Kept batch = kept.get(step);
    if (teacher != null) {
      teacher.encode(images(batch.image));
    }
    return batch.on(manager);
  }

  private static List<RgbImage> images(Values image) {
    int height = (int) image.shape.get(2);
    int width = (int) image.shape.get(3);
    int area = height * width;
    List<RgbImage> images = new ArrayList<>();
    for (int b = 0; b < image.shape.get(0); b++) {
      byte[] rgb = new byte[3 * area];
      for (int i = 0; i < rgb.length; i++) {
        float value = image.bytes.getFloat(Float.BYTES * (b * rgb.length + i % 3 * area + i / 3));
        rgb[i] = (byte) Math.round(255 * value);
      }
      images.add(new RgbImage(width, height, rgb));
    }
    return images;
  }

  @Override
  public double waitedSeconds() {
    return kept.size() < stepsPerEpoch() ? source.waitedSeconds() : 0;
  }

  @Override
  public void close() {
    source.close();
    if (teacher != null) {
      teacher.close();
    }
  }
}
