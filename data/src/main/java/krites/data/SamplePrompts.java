package krites.data;

import java.util.List;
import krites.data.format.Sample;
import krites.grpo.Prompt;

/** The prompts of a sample at its place: id, images and wording. Immutable and thread safe. */
public final class SamplePrompts {
  /** A pair is shown at most in both orders. */
  static final int SHOWINGS = 2;

  private final PromptMaker maker;
  private final ImageNames names;

  /** The prompts that a run with these settings makes. */
  public SamplePrompts(DatasetSettings settings) {
    this.maker = new PromptMaker(settings.prompts());
    this.names = new ImageNames(settings.images());
  }

  /**
   * The prompts of a sample.
   *
   * @param repeat how often its id stood in earlier rows; published sets use ids again
   * @throws krites.data.format.RowException if an image is not there, or the sample cannot be shown
   */
  public List<Prompt> of(RowPlace row, Sample sample, int repeat) {
    String id = repeat == 0 ? sample.id() : sample.id() + "~" + (repeat + 1);
    return maker.prompts(sample, id, names.of(row, sample.images()));
  }
}
