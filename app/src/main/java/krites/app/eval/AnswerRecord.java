package krites.app.eval;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import krites.app.answer.Answer;
import org.jspecify.annotations.Nullable;

/** An answer within a record. */
final class AnswerRecord {
  private AnswerRecord() {}

  static Map<String, @Nullable Object> of(Answer answer) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("text", answer.text());
    fields.put("tokens", answer.tokens());
    fields.put("finish", answer.finish().name().toLowerCase(Locale.ROOT));
    fields.put("log_prob_sum", answer.logProbSum());
    fields.put("seconds", answer.seconds());
    return fields;
  }

  /** A text of a record. */
  static String text(Map<?, ?> record, String field) {
    return record.get(field) instanceof String text ? text : "";
  }

  /** A number of a record; 0 if there is none. */
  static double number(Map<?, ?> record, String field) {
    return record.get(field) instanceof Number number ? number.doubleValue() : 0;
  }
}
