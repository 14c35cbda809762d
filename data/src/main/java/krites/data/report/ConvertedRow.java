package krites.data.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import krites.data.format.PairText;
import krites.data.format.RowException;
import krites.data.format.Sample;
import krites.grpo.Label;
import krites.grpo.Prompt;

/** A sample as a row of Krites' own format, without its images. */
final class ConvertedRow {
  private ConvertedRow() {}

  /**
   * The row of a sample.
   *
   * @param id unique in the new file
   * @param exchanged whether the responses of a pair change places
   * @throws RowException if the pair's prompt cannot be taken apart into question and responses
   */
  static ObjectNode of(Sample sample, String id, boolean exchanged) {
    ObjectNode row = JsonNodeFactory.instance.objectNode().put("id", id);
    switch (sample) {
      case Sample.Item item -> {
        if (item.whole() && item.response().isPresent()) {
          row.put("prompt", item.question());
        } else {
          row.put("question", item.question().replace(Prompt.IMAGE_PLACEHOLDER, "").strip());
        }
        if (!item.answer().isEmpty()) {
          row.put("answer", item.answer());
        }
        item.response().ifPresent(response -> row.put("response", response));
      }
      case Sample.Pair pair -> {
        PairText.Fields fields =
            pair.text()
                .fields()
                .orElseThrow(
                    () ->
                        new RowException(
                            "words its prompt in a way that is not known, so question and"
                                + " responses cannot be told apart"));
        Label label = exchanged ? pair.label().exchanged() : pair.label();
        row.put("question", fields.question().replace(Prompt.IMAGE_PLACEHOLDER, "").strip())
            .put("response_1", exchanged ? fields.second() : fields.first())
            .put("response_2", exchanged ? fields.first() : fields.second())
            .put(
                "preference",
                switch (label) {
                  case FIRST -> "1";
                  case SECOND -> "2";
                  case TIE -> "tie";
                });
      }
    }
    if (!sample.tags().isEmpty()) {
      ObjectNode tags = row.putObject("tags");
      sample.tags().entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(tag -> tags.put(tag.getKey(), tag.getValue()));
    }
    return row;
  }

  /** Puts paths where rows have them. */
  static ArrayNode images(ObjectNode row) {
    return row.putArray("images");
  }
}
