package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import krites.grpo.Label;

/** {@code MMInstruction/VL-RewardBench}: two responses and their ranking by people. */
public record VlRewardBench() implements DatasetFormat {
  @Override
  public String name() {
    return "vl-rewardbench";
  }

  @Override
  public String title() {
    return "VL-RewardBench";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("response", "human_ranking");
  }

  @Override
  public RowMeaning read(Cells row) {
    JsonNode responses = row.list("response");
    if (responses.size() != 2) {
      throw Cells.wrong("response", responses, "two responses");
    }
    String id = row.id("id");
    Map<String, String> tags = new LinkedHashMap<>(row.tags("query_source", "judge"));
    tags.put("group", BenchmarkGroups.vlRewardBench(id));
    PairText.Fields text =
        new PairText.Fields(
            row.question("query"),
            row.response("response[0]", responses.get(0)),
            row.response("response[1]", responses.get(1)));
    return RowMeaning.of(
        new Sample.Pair(id, row.needImages("image", "images"), text, ranking(row), true, tags));
  }

  /** {@code [0, 1]} puts the first response on the first rank. */
  private static Label ranking(Cells row) {
    JsonNode ranking = row.list("human_ranking");
    boolean numbers = ranking.size() == 2 && ranking.get(0).isInt() || ranking.path(0).isLong();
    int first = numbers ? ranking.path(0).asInt() : -1;
    int second = numbers ? ranking.path(1).asInt(-1) : -1;
    if (first + second != 1 || first * second != 0) {
      throw Cells.wrong("human_ranking", ranking, "[0, 1] or [1, 0]");
    }
    return first == 0 ? Label.FIRST : Label.SECOND;
  }
}
