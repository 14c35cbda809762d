package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import krites.grpo.Label;

/**
 * {@code MMInstruction/VLFeedback}: several completions of a prompt, each rated in three aspects.
 * Every two of them are a pair; the higher mean rating is better, equal means are a tie.
 */
public record VlFeedback() implements DatasetFormat {
  private static final List<String> ASPECTS =
      List.of("Helpfulness", "Visual Faithfulness", "Ethical Considerations");

  private record Completion(String model, String response, double mean) {}

  @Override
  public String name() {
    return "vlfeedback";
  }

  @Override
  public String title() {
    return "VLFeedback";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.object().has("completions");
  }

  @Override
  public RowMeaning read(Cells row) {
    List<Completion> rated = rated(row);
    if (rated.size() < 2) {
      return new RowMeaning.Nothing(RowMeaning.Reason.NO_PAIR);
    }
    String id = row.id("id");
    String question = row.question("prompt");
    List<ImageCell> images = row.needImages("image", "img_path");
    List<Sample> pairs = new ArrayList<>();
    for (int i = 0; i < rated.size(); i++) {
      for (int j = i + 1; j < rated.size(); j++) {
        Completion first = rated.get(i);
        Completion second = rated.get(j);
        Label label = MarkedPair.byScore(first.mean(), second.mean());
        pairs.add(
            new Sample.Pair(
                id + "#" + (i + 1) + "-" + (j + 1),
                images,
                new PairText.Fields(question, first.response(), second.response()),
                label,
                true,
                Map.of(
                    "models",
                    first.model() + " " + second.model(),
                    "gap",
                    Double.toString(Math.abs(first.mean() - second.mean())))));
      }
    }
    return new RowMeaning.Samples(pairs);
  }

  private static List<Completion> rated(Cells row) {
    List<Completion> rated = new ArrayList<>();
    for (JsonNode completion : row.list("completions")) {
      if (!completion.path("annotations").isObject()) {
        throw Cells.wrong("completions", completion, "an object with 'annotations'");
      }
      OptionalDouble mean = mean(completion.path("annotations"));
      if (mean.isPresent()) {
        rated.add(
            new Completion(
                completion.path("model").asText("unknown"),
                row.response("completions.response", completion.path("response")),
                mean.getAsDouble()));
      }
    }
    return rated;
  }

  /** The mean of the aspects that have a rating; some have {@code N/A}. */
  private static OptionalDouble mean(JsonNode annotations) {
    return ASPECTS.stream()
        .map(aspect -> annotations.path(aspect).path("Rating").asText())
        .filter(rating -> rating.strip().matches("\\d+(\\.\\d+)?"))
        .mapToDouble(rating -> Double.parseDouble(rating.strip()))
        .average();
  }
}
