package krites.data.format;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import krites.grpo.Label;

/**
 * {@code prompt, chosen, rejected} beside an image or a video: VL-RewardBench and MM-RLHF
 * RewardBench as the repository r1_reward ships them. A video is a folder of frames.
 */
public record ChosenRejected() implements DatasetFormat {
  @Override
  public String name() {
    return "chosen-rejected";
  }

  @Override
  public String title() {
    return "chosen and rejected (VL-RewardBench JSONL, MM-RLHF RewardBench)";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("prompt", "chosen", "rejected");
  }

  @Override
  public RowMeaning read(Cells row) {
    String id = row.id("id");
    boolean video = !row.has("image") && !row.has("images") && row.has("video");
    List<ImageCell> images = row.needImages("image", "images", "video");
    Map<String, String> tags = new LinkedHashMap<>(row.tags("source"));
    tags.put("group", BenchmarkGroups.vlRewardBench(id));
    if (images.getFirst() instanceof ImageCell.Named named) {
      tags.put("category", BenchmarkGroups.mmRlhf(named.path()));
    }
    if (video) {
      tags.put("media", "video");
    }
    PairText.Fields text =
        new PairText.Fields(
            row.question("prompt"), row.response("chosen"), row.response("rejected"));
    return RowMeaning.of(new Sample.Pair(id, images, text, Label.FIRST, false, tags));
  }
}
