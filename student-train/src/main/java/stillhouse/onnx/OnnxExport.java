package stillhouse.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import stillhouse.student.Student;
import stillhouse.student.Weights;

/** Writes a student as the ONNX file that ships. */
public final class OnnxExport {
  private OnnxExport() {}

  /**
   * Writes the student in inference form. The file appears whole or not at all: it is written
   * beside its place and moved there. The same weights and metadata give the same bytes.
   *
   * @param weights the tensors the student was made of
   * @param metadata metadata_props, written in the order of their keys
   * @throws IllegalArgumentException where a tensor of the student is not finite
   */
  public static void write(
      Student student, Weights weights, Map<String, String> metadata, Path file)
      throws IOException {
    requireFinite(weights, Student.PREFIX);
    OnnxGraph graph = new OnnxGraph("student");
    student.export(graph);
    write(graph, metadata, file);
  }

  /** Writes a finished graph in the same way. */
  public static void write(OnnxGraph graph, Map<String, String> metadata, Path file)
      throws IOException {
    ModelProto model = graph.build(new LinkedHashMap<>(new TreeMap<>(metadata)));
    Path folder = file.toAbsolutePath().getParent();
    Files.createDirectories(folder);
    // Not a temporary file of the JDK's, which its owner alone may read.
    Path whole = folder.resolve(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (OutputStream out = Files.newOutputStream(whole)) {
        model.writeTo(out);
      }
      Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(whole);
    }
  }

  /**
   * @param prefix of the tensors that ship
   * @throws IllegalArgumentException where one of them is not finite
   */
  public static void requireFinite(Weights weights, String prefix) {
    for (String name : weights.names()) {
      if (!name.startsWith(prefix)) {
        continue;
      }
      for (float v : weights.get(name).toFloatArray()) {
        if (!Float.isFinite(v)) {
          throw new IllegalArgumentException(
              "Cannot export the student: tensor '"
                  + name
                  + "' holds "
                  + v
                  + ". Export an earlier checkpoint.");
        }
      }
    }
  }
}
