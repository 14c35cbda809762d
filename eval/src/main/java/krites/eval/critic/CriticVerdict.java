package krites.eval.critic;

import java.util.Optional;
import java.util.OptionalInt;
import krites.grpo.Label;
import krites.reward.BoxedAnswer;
import krites.reward.VerdictReader;
import krites.reward.published.PublicVerdicts;

/**
 * The verdict in a judge's text: what the box says, where there is one; else the sentence that
 * VL-RewardBench looks for ("Overall Judgment: Answer 1 is better"), else the mark of Multimodal
 * RewardBench ({@code [[A]]}).
 *
 * <p>A number other than 1 and 2 is no verdict, though VL-RewardBench's program counts it as
 * agreement.
 */
public final class CriticVerdict {
  private CriticVerdict() {}

  /** About the responses as the judge saw them; empty when none can be read. */
  public static Optional<Label> read(String text) {
    String box = BoxedAnswer.extract(text);
    if (!box.equals(BoxedAnswer.NONE)) {
      Optional<Label> boxed = VerdictReader.read(box);
      return boxed.isPresent() ? boxed : VerdictReader.label(box);
    }
    OptionalInt sentence = PublicVerdicts.vlRewardBench(text);
    if (sentence.isPresent()) {
      return switch (sentence.getAsInt()) {
        case 1 -> Optional.of(Label.FIRST);
        case 2 -> Optional.of(Label.SECOND);
        default -> Optional.empty();
      };
    }
    return PublicVerdicts.multimodalRewardBench(text);
  }
}
