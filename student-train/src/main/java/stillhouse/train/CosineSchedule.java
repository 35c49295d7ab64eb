package stillhouse.train;

/**
 * Linear warm-up, then cosine annealing to 0 ("SGDR", Loshchilov and Hutter 2017, without
 * restarts). With t counted from 0, w warm-up steps and T steps in all: lr(t) = peak (t + 1) / w
 * for t < w, else peak · ½ (1 + cos(π (t − w) / (T − w))).
 */
record CosineSchedule(double peak, int warmupSteps, long totalSteps) {
  CosineSchedule {
    if (warmupSteps >= totalSteps) {
      throw new IllegalArgumentException(
          String.format(
              "Invalid warmup: %d steps (must be < the run's %d steps)", warmupSteps, totalSteps));
    }
  }

  double at(long step) {
    if (step < warmupSteps) {
      return peak * ((step + 1.0) / warmupSteps); // the share first: never above the peak
    }
    double share = (double) (step - warmupSteps) / (totalSteps - warmupSteps);
    return peak * 0.5 * (1 + Math.cos(Math.PI * share));
  }
}
