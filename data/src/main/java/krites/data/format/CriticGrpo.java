package krites.data.format;

import krites.grpo.Prompt;

/**
 * The critic training set of LLaVA-Critic-R1 ({@code lmms-lab/LLaVA-Critic-GRPO-dataset}): a
 * question that already holds both responses, and the label alone.
 *
 * <p>Source: {@code verl/utils/dataset.py} of the LLaVA-Critic-R1 trainer, keys {@code question},
 * {@code answer}, {@code image}.
 */
public record CriticGrpo() implements DatasetFormat {
  @Override
  public String name() {
    return "critic-grpo";
  }

  @Override
  public String title() {
    return "LLaVA-Critic-R1 training set";
  }

  @Override
  public boolean recognises(Cells row) {
    if (!row.hasAll("question", "answer") || row.object().has("preference")) {
      return false;
    }
    String question = row.object().path("question").asText();
    return question.contains(Prompt.IMAGE_PLACEHOLDER) || BracketedPair.in(question).isPresent();
  }

  @Override
  public RowMeaning read(Cells row) {
    return RowMeaning.of(
        new Sample.Pair(
            row.id("id"),
            row.needImages("image", "images"),
            new PairText.Whole(row.text("question").strip()),
            row.label("answer"),
            true,
            row.tags("source")));
  }
}
