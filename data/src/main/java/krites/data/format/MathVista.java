package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Questions of MathVista, with the hint and the choices of its own prompt where the row has one.
 */
public record MathVista() implements DatasetFormat {
  @Override
  public String name() {
    return "mathvista";
  }

  @Override
  public String title() {
    return "MathVista questions";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("pid", "question_type", "answer_type", "question");
  }

  @Override
  public RowMeaning read(Cells row) {
    Map<String, String> tags = new LinkedHashMap<>(row.tags("question_type", "answer_type"));
    JsonNode facts = row.object().path("metadata");
    for (String key : new String[] {"source", "category", "task", "language"}) {
      if (facts.path(key).isTextual()) {
        tags.put(key, facts.path(key).textValue());
      }
    }
    return RowMeaning.of(
        new Sample.Item(
            row.id("pid"),
            row.needImages("image", "decoded_image"),
            row.question(row.has("query") ? "query" : "question"),
            false,
            row.answer("answer"),
            tags));
  }
}
