package stillhouse.loss;

/**
 * A column of {@link Targets} that some loss reads; what no loss needs is never cached nor read.
 */
public enum Need {
  /** {@link Targets#truth()} and {@link Targets#valid()}. */
  LABELS,
  TEACHER_LOGITS,
  TEACHER_EMBEDDING,
  STRUCTURE,
  /** The teacher's own decoder, asked while a student learns. */
  TEACHER_DECODER
}
