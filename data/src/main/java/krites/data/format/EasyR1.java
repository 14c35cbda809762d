package krites.data.format;

/**
 * Policy sets of EasyR1 and ThinkLite-VL: {@code problem}, which is a whole prompt with {@code
 * <image>} in it, {@code answer}, {@code image} or {@code images}.
 */
public record EasyR1() implements DatasetFormat {
  @Override
  public String name() {
    return "easyr1";
  }

  @Override
  public String title() {
    return "EasyR1 policy set";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("problem", "answer");
  }

  @Override
  public RowMeaning read(Cells row) {
    return RowMeaning.of(
        new Sample.Item(
            row.id("id"),
            row.images("images", "image"),
            row.text("problem").strip(),
            true,
            row.answer("answer"),
            row.tags("source")));
  }
}
