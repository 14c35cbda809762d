package krites.eval.policy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.data.benchmark.BenchmarkRow;
import krites.grpo.ImageRef;

/**
 * One question of a policy benchmark.
 *
 * @param number of its row in the data, from 0
 * @param id as the benchmark names it; unique in the data
 * @param question the text of the user turn, without placeholders: pictures stand before it
 * @param images in order
 * @param trouble why it cannot be asked with its pictures, in one line
 * @param tags what reports group by; an item may have several values of one
 * @param row what the verdict needs; without the pictures' bytes
 */
public record PolicyItem(
    long number,
    String id,
    String question,
    List<ImageRef> images,
    Optional<String> trouble,
    Map<String, List<String>> tags,
    BenchmarkRow row) {
  public PolicyItem {
    images = List.copyOf(images);
  }
}
