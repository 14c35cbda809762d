package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import krites.grpo.Label;

/** Pairs of MLLM-as-a-Judge, with the verdict of a person: A, B or C for a tie. */
public record MllmJudge() implements DatasetFormat {
  @Override
  public String name() {
    return "mllm-judge";
  }

  @Override
  public String title() {
    return "MLLM-as-a-Judge pairs";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("answer1", "answer2", "instruction");
  }

  @Override
  public RowMeaning read(Cells row) {
    PairText.Fields text =
        new PairText.Fields(
            row.question("instruction"), response(row, "answer1"), response(row, "answer2"));
    return RowMeaning.of(
        new Sample.Pair(
            row.id("pair_id", "id"),
            row.needImages("image", "image_path"),
            text,
            label(row),
            true,
            row.tags("original_dataset")));
  }

  private static String response(Cells row, String key) {
    JsonNode answer = row.need(key);
    return row.response(key + ".answer", answer.isObject() ? answer.path("answer") : answer);
  }

  private static Label label(Cells row) {
    JsonNode verdict = row.need("human_answer");
    return switch (verdict.asText()) {
      case "A" -> Label.FIRST;
      case "B" -> Label.SECOND;
      case "C" -> Label.TIE;
      default -> throw Cells.wrong("human_answer", verdict, "A, B, or C for a tie");
    };
  }
}
