package krites.data.format;

/** Outputs of a judge on Multimodal RewardBench: a label and a text, without the question. */
public record RecordedOutputs() implements DatasetFormat {
  @Override
  public String name() {
    return "multimodal-rewardbench-outputs";
  }

  @Override
  public String title() {
    return "outputs of a judge on Multimodal RewardBench";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("ID", "Label", "output");
  }

  @Override
  public RowMeaning read(Cells row) {
    row.id("ID");
    row.label("Label");
    row.text("output");
    return new RowMeaning.Nothing(RowMeaning.Reason.RECORDED);
  }
}
