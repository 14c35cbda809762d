package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import krites.grpo.Label;
import krites.grpo.Prompt;

/** {@code openbmb/RLHF-V-Dataset}: question, chosen and rejected in one cell of JSON text. */
public record RlhfV() implements DatasetFormat {
  @Override
  public String name() {
    return "rlhf-v";
  }

  @Override
  public String title() {
    return "RLHF-V";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("text", "ds_name") || row.hasAll("text", "origin_dataset");
  }

  @Override
  public RowMeaning read(Cells row) {
    JsonNode text = row.object("text");
    PairText.Fields pair =
        new PairText.Fields(
            part(text, "question").replace(Prompt.IMAGE_PLACEHOLDER, "").strip(),
            part(text, "chosen"),
            part(text, "rejected"));
    return RowMeaning.of(
        new Sample.Pair(
            row.id("idx", "id", "image_path"),
            row.needImages("image", "image_path"),
            pair,
            Label.FIRST,
            false,
            row.tags("ds_name", "origin_dataset")));
  }

  private static String part(JsonNode text, String key) {
    if (!text.hasNonNull(key)) {
      throw new RowException("'text' lacks '" + key + "', expected question, chosen, rejected");
    }
    return Cells.text("text." + key, text.get(key));
  }
}
