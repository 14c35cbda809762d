package krites.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import krites.app.eval.EvalFolder;
import krites.app.run.RunFileException;
import krites.data.EmbeddedImages;
import krites.data.shapes.ShapesWorld;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.flow.PromptCursor;
import krites.grpo.flow.PromptTicket;
import krites.grpo.port.ImageStore;

/** What rejection sampling leaves: rows for the supervised stage, and the counts of its records. */
public final class RejectionFiles {
  /** The rows, in Krites' own format. */
  public static final String ANSWERS = "answers.jsonl";

  private static final ObjectMapper JSON = new ObjectMapper();

  private RejectionFiles() {}

  /**
   * Writes the rows of the first records, by prompt; the file appears as a whole.
   *
   * @param prompts how many prompts, from the first on
   * @return rows written
   */
  static long write(
      Path folder,
      EvalFolder.Records records,
      RejectionSampling work,
      ImageStore images,
      long prompts) {
    Path file = folder.resolve(ANSWERS);
    Path unfinished = folder.resolve("." + ANSWERS + ".unfinished");
    PromptCursor order = work.order();
    long rows = 0;
    try {
      try (Writer out = Files.newBufferedWriter(unfinished)) {
        for (long number = 0; number < prompts; number++) {
          List<?> kept = kept(records, number);
          if (!kept.isEmpty()) {
            Prompt prompt = work.source().prompt(order.index(new PromptTicket(number, 0)));
            for (int i = 0; i < kept.size(); i++) {
              String id = prompt.id() + "/" + number + "." + (i + 1);
              out.write(row(id, prompt, String.valueOf(kept.get(i)), images).toString());
              out.write('\n');
              rows++;
            }
          }
        }
      }
      Files.move(
          unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return rows;
    } catch (IOException e) {
      throw new RunFileException("write", file, e);
    }
  }

  private static List<?> kept(EvalFolder.Records records, long number) {
    return records
        .get(Long.toString(number))
        .map(record -> record.get("kept"))
        .filter(List.class::isInstance)
        .<List<?>>map(List.class::cast)
        .orElse(List.of());
  }

  private static ObjectNode row(String id, Prompt prompt, String response, ImageStore store)
      throws IOException {
    ObjectNode row = JSON.createObjectNode().put("id", id);
    ArrayNode images = row.putArray("images");
    for (ImageRef image : prompt.images()) {
      if (isFile(image)) {
        images.add(image.name());
      } else {
        images.addObject().put("bytes", store.read(image));
      }
    }
    row.put("prompt", prompt.text()).put("answer", prompt.answer()).put("response", response);
    ObjectNode tags = row.putObject("tags");
    tags.put("task", prompt.task().name().toLowerCase(Locale.ROOT));
    prompt.tags().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(tag -> tags.put(tag.getKey(), tag.getValue()));
    return row;
  }

  private static boolean isFile(ImageRef image) {
    return !image.name().startsWith(ShapesWorld.SCHEME)
        && !image.name().startsWith(EmbeddedImages.SCHEME);
  }

  /** The counts of the records of the first prompts. */
  static Map<String, Object> counts(EvalFolder.Records records, long prompts) {
    Map<String, Object> counts = new LinkedHashMap<>();
    long failed = 0;
    long without = 0;
    for (long number = 0; number < prompts; number++) {
      Map<String, Object> record = records.get(Long.toString(number)).orElse(Map.of());
      failed += record.containsKey("failed") ? 1 : 0;
      without += record.containsKey("kept") && kept(records, number).isEmpty() ? 1 : 0;
      for (String name : List.of("sampled", "right", "cut", "distinct")) {
        long one = record.get(name) instanceof Number count ? count.longValue() : 0;
        counts.merge(name, one, (a, b) -> (long) a + (long) b);
      }
      counts.merge("kept", (long) kept(records, number).size(), (a, b) -> (long) a + (long) b);
    }
    counts.put("prompts", prompts);
    counts.put("prompts_failed", failed);
    counts.put("prompts_without_a_right_answer", without);
    return counts;
  }

  /** The counts, for a person. */
  static List<String> lines(Map<String, Object> counts) {
    long prompts = number(counts, "prompts");
    long failed = number(counts, "prompts_failed");
    long without = number(counts, "prompts_without_a_right_answer");
    long sampled = number(counts, "sampled");
    long right = number(counts, "right");
    long distinct = number(counts, "distinct");
    long kept = number(counts, "kept");
    return List.of(
        "prompts  %d: %d with a right answer, %d without, %d that could not be asked"
            .formatted(prompts, prompts - without - failed, without, failed),
        "answers  %d: %d right, %d not; %d were cut at the length limit"
            .formatted(sampled, right, sampled - right, number(counts, "cut")),
        "kept     %d; of the right ones %d repeat another word for word, %d are beyond --keep"
            .formatted(kept, right - distinct, distinct - kept));
  }

  private static long number(Map<String, Object> counts, String name) {
    return counts.get(name) instanceof Number number ? number.longValue() : 0;
  }
}
