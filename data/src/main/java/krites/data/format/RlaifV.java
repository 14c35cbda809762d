package krites.data.format;

import krites.grpo.Label;

/** {@code openbmb/RLAIF-V-Dataset}: question, chosen and rejected in columns. */
public record RlaifV() implements DatasetFormat {
  @Override
  public String name() {
    return "rlaif-v";
  }

  @Override
  public String title() {
    return "RLAIF-V";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("question", "chosen", "rejected");
  }

  @Override
  public RowMeaning read(Cells row) {
    PairText.Fields pair =
        new PairText.Fields(
            row.question("question"), row.response("chosen"), row.response("rejected"));
    return RowMeaning.of(
        new Sample.Pair(
            row.id("id", "idx"),
            row.needImages("image", "images", "image_path"),
            pair,
            Label.FIRST,
            false,
            row.tags("ds_name", "origin_dataset")));
  }
}
