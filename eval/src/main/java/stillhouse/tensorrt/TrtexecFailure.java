package stillhouse.tensorrt;

import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Why a {@code trtexec} failed, read from what it printed. TensorRT says most of it in sentences of
 * its own sources; those that name a remedy are here, the more telling ones first.
 */
enum TrtexecFailure {
  LIBRARY(
      "error while loading shared libraries: ([^:\\n]+)",
      "%s is not found: install TensorRT's and CUDA's libraries of trtexec's version, or name their folder in LD_LIBRARY_PATH"),
  OPTION(
      "Unknown option: (\\S+)",
      "this trtexec has no option %s: leave it out of the arguments behind --"),
  DRIVER(
      "(CUDA driver version is insufficient[^\\n]*|[Cc]annot find any available devices[^\\n]*|no CUDA-capable device[^\\n]*|CUDA initialization failure[^\\n]*)",
      "the driver does not give it a device (%s): nvidia-smi should list the GPU and a CUDA version no older than TensorRT's"),
  OPERATOR(
      "(?:No (?:importer|checker) registered for op: |[Cc]annot find plugin: |could not find plugin: )(\\w+)",
      "TensorRT of this version does not know operator %s, nor a plugin of that name"),
  NODE(
      "In node \\S+ with name: ?(\\S*) and operator: (\\w+)[^\\n]*",
      "TensorRT does not take node '%s' (%s)"),
  TYPES(
      "(must have (?:the )?same (?:input )?types?|[^\\n]*incompatible types[^\\n]*)",
      "a node has inputs of two types (%s), which a strongly typed network does not take: export the file again"),
  CACHE(
      "(?:[Tt]iming cache will not be used|(?:Version|Magic) tag does not match|incompatible timing cache)",
      "the timing cache is of another TensorRT version or GPU: remove it, or give another with --timing-cache"),
  MEMORY(
      "(?:OutOfMemory|[Oo]ut of memory|could not be allocated|insufficient memory|oom error)",
      "there is too little memory on the GPU: stop what else runs there, give a smaller --batch, or bound the workspace with -- --memPoolSize=workspace:256"),
  KERNEL(
      "Could not find any implementation for node \\{?([^\\n}]{1,80})",
      "TensorRT has no kernel for '%s' that fits, most often for want of GPU memory: stop what else runs there, or give -- --builderOptimizationLevel=5"),
  DISK(
      "(Cannot write to FileStreamWriter|Cannot open engine file|No space left on device)",
      "the engine can't be written (%s): look at the folder's rights and the disk"),
  PARSE("Failed to parse onnx file", "TensorRT's parser refuses the file");

  private final Pattern pattern;
  private final String sentence;

  TrtexecFailure(String pattern, String sentence) {
    this.pattern = Pattern.compile(pattern);
    this.sentence = sentence;
  }

  /** A sentence, where the output tells of a cause that is known here. */
  static Optional<String> cause(int exit, String output) {
    if (exit > 128) {
      return Optional.of(
          "it was ended by signal %d%s"
              .formatted(exit - 128, exit == 137 ? ", as the kernel does for want of memory" : ""));
    }
    return List.of(values()).stream().flatMap(kind -> kind.find(output).stream()).findFirst();
  }

  private Optional<String> find(String output) {
    return pattern.matcher(output).results().findFirst().map(this::say);
  }

  private String say(MatchResult found) {
    Object[] words = new Object[found.groupCount()];
    for (int i = 0; i < words.length; i++) {
      words[i] = found.group(i + 1).strip();
    }
    return sentence.formatted(words);
  }
}
