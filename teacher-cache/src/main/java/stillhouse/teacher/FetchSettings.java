package stillhouse.teacher;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/**
 * Where a teacher's files are kept, and what they are got with.
 *
 * @param tools the folder of {@code convert_teacher.py} and its requirements
 * @param hadoop the file systems of sources such as {@code s3a://…}, and their credentials
 * @param progress is told one line a step
 */
public record FetchSettings(
    Path cacheDir, Path tools, Configuration hadoop, Consumer<String> progress) {}
