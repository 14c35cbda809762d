package krites.app.conformance;

import java.util.List;

/** Every conformance check there is. */
public final class Checks {
  private Checks() {}

  /** All checks, quick ones first. */
  public static List<ConformanceCheck> all() {
    return List.of(
        new PreprocessCheck(),
        new ImagesCheck(),
        new SamplingCheck(),
        new RewardCheck(),
        new GrpoCheck(),
        new GrpoTensorCheck(),
        new NativeSamplingCheck(),
        new ModelsCheck(),
        new CasesCheck());
  }
}
