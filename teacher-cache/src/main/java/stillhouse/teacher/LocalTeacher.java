package stillhouse.teacher;

/**
 * A teacher whose files lie at known paths. The paths must hold on every executor: a shared folder,
 * or the same cache folder filled on each machine.
 *
 * @param encoder absolute path
 * @param decoder absolute path, null for a network that takes no prompts
 * @param proposals absolute path, null where nothing proposes boxes
 */
public record LocalTeacher(TeacherConfig config, String encoder, String decoder, String proposals)
    implements TeacherSource {
  @Override
  public TeacherSpec spec() {
    return config.spec();
  }

  @Override
  public TeacherConfig.Device device() {
    return config.device();
  }

  @Override
  public Teacher open() {
    return open(TeacherDevice.of(this));
  }

  /** Checks the files' digests again: this machine's may be others than the driver's. */
  @Override
  public Teacher open(TeacherDevice device) {
    TeacherFiles.verifyOpened(config, encoder, config.files().encoder());
    if (decoder != null) {
      TeacherFiles.verifyOpened(config, decoder, config.files().decoder());
    }
    if (proposals != null) {
      TeacherFiles.verifyOpened(config, proposals, config.files().proposals());
    }
    return switch (config.engine()) {
      case ONNXRUNTIME -> OnnxTeacher.open(this, device);
      case PYTORCH -> TorchScriptTeacher.open(this, device);
    };
  }
}
