package stillhouse.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import stillhouse.conf.ConfigException;

/**
 * What the labels of a local COCO file or of a folder of labelme's files are called.
 *
 * @param layout as a data set's YAML has it
 * @param names a COCO file's categories in their order; labelme's labels in alphabetical order
 * @param unreadable files that are none of labelme's, each with what is wrong
 */
public record AnnotationNames(String layout, List<String> names, List<String> unreadable) {
  public AnnotationNames {
    names = List.copyOf(names);
    unreadable = List.copyOf(unreadable);
  }

  /**
   * Of a file, COCO's; of a folder, labelme's.
   *
   * @throws ConfigException where a COCO file can't be read to its end
   */
  public static AnnotationNames of(Path place) throws IOException {
    return Files.isDirectory(place) ? ofLabelme(place) : ofCoco(place);
  }

  private static AnnotationNames ofCoco(Path file) {
    Set<String> names = new LinkedHashSet<>();
    Iterator<Row> rows =
        new CocoFile(new Configuration())
            .call(new CocoFile.Place(0, "file:" + file.toAbsolutePath()));
    int name = CocoFile.SCHEMA.fieldIndex(CocoFile.NAME);
    int kind = CocoFile.SCHEMA.fieldIndex(CocoFile.KIND);
    int problem = CocoFile.SCHEMA.fieldIndex(CocoFile.PROBLEM);
    while (rows.hasNext()) {
      Row row = rows.next();
      switch (CocoFile.Kind.valueOf(row.getString(kind))) {
        case CATEGORY -> names.add(row.getString(name));
        case FAILED ->
            throw new ConfigException(
                "Cannot describe " + file + " as COCO's: " + row.getString(problem));
        case IMAGE, ANNOTATION -> {} // of no interest here
      }
    }
    return new AnnotationNames("coco", new ArrayList<>(names), List.of());
  }

  private static AnnotationNames ofLabelme(Path folder) throws IOException {
    Set<String> names = new TreeSet<>();
    List<String> unreadable = new ArrayList<>();
    try (var files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        try {
          names.addAll(LabelmeReader.labels(file.toString(), Files.readAllBytes(file)));
        } catch (UnreadableImageException e) {
          unreadable.add(e.detail());
        }
      }
    }
    return new AnnotationNames("labelme", new ArrayList<>(names), unreadable);
  }
}
