package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import krites.grpo.Label;

/** {@code all_data.json} of Multimodal RewardBench. */
public record MultimodalRewardBench() implements DatasetFormat {
  @Override
  public String name() {
    return "multimodal-rewardbench";
  }

  @Override
  public String title() {
    return "Multimodal RewardBench";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("Output1", "Output2");
  }

  @Override
  public RowMeaning read(Cells row) {
    String id = row.id("ID");
    Map<String, String> tags = new LinkedHashMap<>();
    if (row.has("Category")) {
      String category = row.text("Category");
      tags.put("category", category);
      tags.put("split", split(id, category));
    }
    PairText.Fields text =
        new PairText.Fields(row.question("Text"), row.response("Output1"), row.response("Output2"));
    return RowMeaning.of(
        new Sample.Pair(id, row.needImages("Image"), text, label(row), true, tags));
  }

  private static Label label(Cells row) {
    JsonNode better = row.need("Better");
    return switch (better.asText()) {
      case "Output1" -> Label.FIRST;
      case "Output2" -> Label.SECOND;
      default -> throw Cells.wrong("Better", better, "Output1 or Output2");
    };
  }

  /** Safety and reasoning are reported in two halves each, told apart by the id. */
  private static String split(String id, String category) {
    return switch (category) {
      case "safety" -> id.startsWith("pairs") ? "safety/bias" : "safety/toxicity";
      case "reasoning" -> id.startsWith("math") ? "reasoning/math" : "reasoning/coding";
      default -> category;
    };
  }
}
