package krites.learner;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import krites.grpo.objective.DecoupledObjective;
import krites.model.image.ImageDecoder;
import krites.model.image.ImageProcessor;
import krites.model.image.ProcessedImage;
import krites.model.safetensors.SafetensorsFile;

/**
 * The golden case {@code grpo_step} of a model: three prompts, the first and the last with an
 * image, with three responses each.
 *
 * @param groups the prompts with their responses
 * @param targets what the objective reads of all response tokens, in order
 */
record GoldenStep(List<PackedRows.Sequence> groups, PolicyTargets targets) {
  /** Where the golden data lie; the property {@code krites.golden} names more of them. */
  static final Path GOLDEN =
      Path.of(
          System.getProperty(
              "krites.golden",
              Path.of("..", "model", "src", "test", "resources", "golden").toString()));

  static final Objective OBJECTIVE = new Objective(0.9, DecoupledObjective.published());

  private static final int RESPONSE = 10;
  private static final int GROUP = 3;

  /** Directories of the golden models. */
  static Stream<Path> models() throws IOException {
    try (Stream<Path> models = Files.list(GOLDEN.resolve("models"))) {
      return models.sorted().toList().stream();
    }
  }

  static GoldenStep of(Path model) throws IOException {
    String name = model.getFileName().toString();
    try (SafetensorsFile golden =
        SafetensorsFile.open(GOLDEN.resolve("cases/" + name + "/grpo_step.safetensors"))) {
      int[] places = places(golden);
      float[] old = pick(golden, "old_log_probs", places);
      float[] mean = new float[places.length];
      Arrays.fill(mean, 1f / places.length);
      return new GoldenStep(
          groups(golden, model),
          new PolicyTargets(
              List.of(old.length),
              pick(golden, "advantages", places),
              old,
              new float[old.length],
              old,
              pick(golden, "ref_log_probs", places),
              mean));
    }
  }

  private static List<PackedRows.Sequence> groups(SafetensorsFile golden, Path model)
      throws IOException {
    long[] ids = golden.longs("input_ids");
    long[] attention = golden.longs("attention_mask");
    long[] mask = golden.longs("response_mask");
    int width = (int) golden.entry("input_ids").shape()[1];
    int promptWidth = width - RESPONSE;
    List<PackedRows.Sequence> groups = new ArrayList<>();
    for (int group = 0; group < GROUP; group++) {
      int first = group * GROUP * width;
      int[] prompt =
          IntStream.range(first, first + promptWidth)
              .filter(i -> attention[i] != 0)
              .map(i -> (int) ids[i])
              .toArray();
      List<int[]> responses = new ArrayList<>();
      for (int row = group * GROUP; row < (group + 1) * GROUP; row++) {
        int start = row * width + promptWidth;
        int from = row * RESPONSE;
        responses.add(
            IntStream.range(0, RESPONSE)
                .filter(i -> mask[from + i] != 0)
                .map(i -> (int) ids[start + i])
                .toArray());
      }
      groups.add(new PackedRows.Sequence(prompt, images(model, group), responses));
    }
    return groups;
  }

  /** The second prompt has none. */
  private static List<ProcessedImage> images(Path model, int group) throws IOException {
    if (group == 1) {
      return List.of();
    }
    String prefix = model.getFileName() + "_grpo_step_" + group / 2 + "_";
    try (Stream<Path> files = Files.list(GOLDEN.resolve("images"))) {
      Path file =
          files
              .filter(path -> path.getFileName().toString().startsWith(prefix))
              .findFirst()
              .orElseThrow();
      return List.of(
          ImageProcessor.load(model)
              .process(ImageDecoder.decode(Files.readAllBytes(file), file.toString())));
    }
  }

  /** Which of all places hold a response token. */
  static int[] places(SafetensorsFile golden) {
    long[] mask = golden.longs("response_mask");
    return IntStream.range(0, mask.length).filter(i -> mask[i] != 0).toArray();
  }

  static float[] pick(SafetensorsFile golden, String tensor, int[] places) {
    float[] all = golden.floats(tensor);
    float[] picked = new float[places.length];
    for (int i = 0; i < places.length; i++) {
      picked[i] = all[places[i]];
    }
    return picked;
  }
}
