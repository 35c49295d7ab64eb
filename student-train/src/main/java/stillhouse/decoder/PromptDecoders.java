package stillhouse.decoder;

import java.util.Optional;
import java.util.function.Supplier;
import stillhouse.student.ProposalHead;

/** The decoders that prompts are put to while a student learns, and what proposes prompts. */
public final class PromptDecoders {
  /** Of a student that takes no prompts. */
  public static final PromptDecoders NONE = new PromptDecoders(null, () -> null);

  private final PromptableDecoder student; // null where it takes no prompts
  private final Supplier<PromptableDecoder> maker;
  private final ProposalHead proposals; // null where it proposes none
  private PromptableDecoder teacher; // made when it is asked for

  /**
   * @param student what is trained
   * @param teacher makes the teacher's, frozen, on the grid of the cached layer; or gives null
   *     where its weights are not to be had
   */
  public PromptDecoders(PromptableDecoder student, Supplier<PromptableDecoder> teacher) {
    this(student, teacher, Optional.empty());
  }

  /**
   * The same of a student that may propose boxes.
   *
   * @param proposals its head for them
   */
  public PromptDecoders(
      PromptableDecoder student,
      Supplier<PromptableDecoder> teacher,
      Optional<ProposalHead> proposals) {
    this.student = student;
    this.maker = teacher;
    this.proposals = proposals.orElse(null);
  }

  /** The student's own, where it takes prompts. */
  public Optional<PromptableDecoder> student() {
    return Optional.ofNullable(student);
  }

  /** The student's head that proposes boxes, where it has one. */
  public Optional<ProposalHead> proposals() {
    return Optional.ofNullable(proposals);
  }

  /**
   * @throws IllegalArgumentException where the student proposes no boxes
   */
  public ProposalHead requireProposals(String loss) {
    return proposals()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Invalid losses.%s: the student proposes no boxes (take one whose YAML has prompt: {proposals: …}, such as conf/students/tiny-conv-prompt-prior.yaml)"
                        .formatted(loss)));
  }

  /**
   * @throws IllegalArgumentException where the student takes no prompts
   */
  public PromptableDecoder requireStudent(String loss) {
    return student()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Invalid losses.%s: the student takes no prompts (take one whose YAML has prompt:, such as conf/students/tiny-conv-prompt.yaml)"
                        .formatted(loss)));
  }

  /**
   * @throws IllegalArgumentException where its weights are not to be had
   */
  public PromptableDecoder requireTeacher(String loss) {
    teacher = teacher == null ? maker.get() : teacher;
    if (teacher == null) {
      throw new IllegalArgumentException(
          "Invalid losses.%s: the teacher's decoder is not to be had as weights (its YAML needs files: decoder-weights)"
              .formatted(loss));
    }
    return teacher;
  }
}
