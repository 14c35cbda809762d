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
        new TokenizerCheck(),
        new ChatTemplateCheck(),
        new PublishedCheck(),
        new ParquetCheck(),
        new CriticCheck(),
        new PolicyCheck(),
        new SampleFilesCheck("nlvr", true),
        new SampleFilesCheck("shapeworld", true),
        new SamplingCheck(),
        new RewardCheck(),
        new GrpoCheck(),
        new GrpoTensorCheck(),
        new NativeSamplingCheck(),
        new ModelsCheck(),
        new CasesCheck());
  }
}
