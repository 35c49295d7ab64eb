package stillhouse.train;

import java.io.Serializable;

/** Travels to every rank and builds there what it trains, alike on all but for the rank's share. */
@FunctionalInterface
public interface RankProgram extends Serializable {
  RankParts build(RankContext context);
}
