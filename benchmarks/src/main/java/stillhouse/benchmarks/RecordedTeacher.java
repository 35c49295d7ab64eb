package stillhouse.benchmarks;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import stillhouse.data.RgbImage;
import stillhouse.identity.Sha256;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.FloatTensor;

/**
 * A teacher whose encoder is asked once about an image, whoever asks: its maps are kept as files,
 * fp32 as it gave them. So caches of many encodings cost the teacher's time of one. The decoder is
 * the teacher's own.
 */
final class RecordedTeacher implements Teacher {
  private final Teacher teacher;
  private final Path folder;

  RecordedTeacher(Teacher teacher, Path folder) {
    this.teacher = teacher;
    this.folder = folder;
  }

  @Override
  public TeacherSpec spec() {
    return teacher.spec();
  }

  @Override
  public List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
    return images.stream().map(this::encode).toList();
  }

  private Map<String, FloatTensor> encode(RgbImage image) {
    Path file = folder.resolve(Sha256.of(image.rgb()).hex() + ".maps");
    try {
      if (!Files.exists(file)) {
        write(file, teacher.encode(List.of(image)).get(0));
      }
      return read(file);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot keep the maps of an image in " + file, e);
    }
  }

  private static void write(Path file, Map<String, FloatTensor> maps) throws IOException {
    Files.createDirectories(file.getParent());
    Path part = Files.createTempFile(file.getParent(), "maps", ".part");
    try (var out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(part)))) {
      out.writeInt(maps.size());
      for (Map.Entry<String, FloatTensor> map : maps.entrySet()) {
        out.writeUTF(map.getKey());
        out.writeInt(map.getValue().rank());
        for (int dim : map.getValue().shape()) {
          out.writeInt(dim);
        }
        ByteBuffer bytes = ByteBuffer.allocate(map.getValue().data().length * Float.BYTES);
        bytes.asFloatBuffer().put(map.getValue().data());
        out.write(bytes.array());
      }
    }
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static Map<String, FloatTensor> read(Path file) throws IOException {
    Map<String, FloatTensor> maps = new HashMap<>();
    try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      for (int n = in.readInt(); n > 0; n--) {
        String layer = in.readUTF();
        int[] shape = new int[in.readInt()];
        int size = 1;
        for (int i = 0; i < shape.length; i++) {
          shape[i] = in.readInt();
          size *= shape[i];
        }
        float[] data = new float[size];
        ByteBuffer.wrap(in.readNBytes(size * Float.BYTES)).asFloatBuffer().get(data);
        maps.put(layer, new FloatTensor(shape, data));
      }
    }
    return maps;
  }

  @Override
  public Asking asking(Map<String, FloatTensor> features, int width, int height) {
    return teacher.asking(features, width, height);
  }

  @Override
  public MaskAnswer decode(
      Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
    return teacher.decode(features, width, height, prompt);
  }

  @Override
  public void close() {
    teacher.close();
  }
}
