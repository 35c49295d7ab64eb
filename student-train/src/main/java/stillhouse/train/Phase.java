package stillhouse.train;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import stillhouse.loss.LossSettings;
import stillhouse.loss.Losses;
import stillhouse.student.Part;

/**
 * A stretch of a recipe that trains some parts of the student for losses of its own; the others are
 * frozen. It has its own schedule, and an optimiser without a past.
 *
 * @param name what its curves are called; empty of the one phase of a recipe that names none
 * @param trains parts of the student, never empty; what the losses learn beside it is trained, too
 * @param learningRate the peak; null: the recipe's
 * @param warmupEpochs null: the recipe's
 */
public record Phase(
    String name,
    int epochs,
    Set<Part> trains,
    Losses losses,
    Double learningRate,
    Double warmupEpochs)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  public Phase {
    if (trains.isEmpty()) {
      throw new IllegalArgumentException(
          "Invalid phase %s: it trains nothing (name some of encoder, decoder, prompts and proposals, or all)"
              .formatted(name));
    }
    trains = Collections.unmodifiableSet(EnumSet.copyOf(trains)); // in the parts' own order
    requireProposals(name, trains, losses);
    requireReached(name, trains, losses);
  }

  @JsonCreator
  static Phase read(
      @JsonProperty("name") String name,
      @JsonProperty("epochs") int epochs,
      @JsonProperty("trains") JsonNode trains,
      @JsonProperty("losses") Losses losses,
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("warmupEpochs") Double warmupEpochs) {
    return new Phase(name, epochs, parts(trains), losses, learningRate, warmupEpochs);
  }

  /** A recipe of one phase that trains all that there is. */
  static Phase whole(int epochs, Losses losses) {
    return new Phase("", epochs, Part.ALL, losses, null, null);
  }

  /** The word {@code all}, or a list of parts. */
  private static Set<Part> parts(JsonNode trains) {
    if (trains.isTextual() && trains.asText().equals("all")) {
      return Part.ALL;
    }
    Set<Part> parts = EnumSet.noneOf(Part.class);
    trains.forEach(part -> parts.add(Part.valueOf(part.asText().toUpperCase(Locale.ROOT))));
    return parts;
  }

  /** Proposals are trained where a loss looks at them, and by their own name. */
  private static void requireProposals(String name, Set<Part> trains, Losses losses) {
    boolean read = losses.byName().values().stream().anyMatch(LossSettings::readsProposals);
    if (read && !trains.contains(Part.PROPOSALS)) {
      throw new IllegalArgumentException(
          name.isEmpty()
              ? "Invalid losses: proposal-labels trains proposals upon an embedding that stands still (give the recipe phases, the last of them with trains: [proposals])"
              : "Invalid phase %s: its loss proposal-labels trains the proposals alone, and it trains %s (name proposals in trains; all are all other parts)"
                  .formatted(name, trains.toString().toLowerCase(Locale.ROOT)));
    }
    if (!read && trains.contains(Part.PROPOSALS)) {
      throw new IllegalArgumentException(
          "Invalid phase %s: it trains the proposals, and none of its losses %s looks at them (add proposal-labels, or take proposals out of trains)"
              .formatted(name, losses.byName().keySet()));
    }
  }

  /**
   * Behind a frozen encoder a loss of class logits moves the decoder, one of masks for prompts the
   * prompts, one of proposals those, and one of the embedding nothing.
   */
  private static void requireReached(String name, Set<Part> trains, Losses losses) {
    if (trains.contains(Part.ENCODER)) {
      return;
    }
    List<String> beside = new ArrayList<>();
    losses
        .byName()
        .forEach((loss, s) -> beside.addAll(reaches(s, trains) ? List.of() : List.of(loss)));
    if (!beside.isEmpty()) {
      throw new IllegalArgumentException(
          "Invalid phase %s: it trains %s alone, and its losses %s look at what is frozen then, so they would train nothing (leave them out, or train what they look at)"
              .formatted(name, trains.toString().toLowerCase(Locale.ROOT), beside));
    }
  }

  private static boolean reaches(LossSettings loss, Set<Part> trains) {
    if (loss.readsProposals()) {
      return trains.contains(Part.PROPOSALS);
    }
    return loss.readsPrompts()
        ? trains.contains(Part.PROMPTS)
        : loss.readsLogits() && trains.contains(Part.DECODER);
  }

  /** Of another length. */
  Phase lasting(int otherEpochs) {
    return new Phase(name, otherEpochs, trains, losses, learningRate, warmupEpochs);
  }

  /** With its own learning rate, where it has one, times {@code factor}. */
  Phase faster(double factor) {
    return learningRate == null || factor == 1
        ? this
        : new Phase(name, epochs, trains, losses, learningRate * factor, warmupEpochs);
  }

  /** What moves a weight: all but the name. */
  Phase unnamed() {
    return new Phase("", epochs, trains, losses, learningRate, warmupEpochs);
  }

  /** In messages. */
  String told() {
    return name.isEmpty() ? "training" : "phase " + name;
  }

  /**
   * Phases that take so many epochs in all, each in proportion and at least one.
   *
   * @throws IllegalArgumentException where there are fewer epochs than phases
   */
  static List<Phase> over(int epochs, List<Phase> phases) {
    int whole = phases.stream().mapToInt(Phase::epochs).sum();
    if (epochs < phases.size()) {
      throw new IllegalArgumentException(
          "Invalid epochs: %d (must be >= the recipe's %d phases)"
              .formatted(epochs, phases.size()));
    }
    List<Phase> scaled = new ArrayList<>();
    int planned = 0;
    int begun = 0;
    for (Phase phase : phases) {
      planned += phase.epochs();
      int left = phases.size() - scaled.size() - 1; // an epoch each at least
      int ends = (int) Math.round((double) epochs * planned / whole);
      ends = Math.max(begun + 1, Math.min(epochs - left, ends));
      scaled.add(phase.lasting(ends - begun));
      begun = ends;
    }
    return List.copyOf(scaled);
  }
}
