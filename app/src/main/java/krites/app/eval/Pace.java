package krites.app.eval;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** How fast a kind of work was done, over all sittings that ended. */
final class Pace {
  static final String FILE = "pace.jsonl";

  private final EvalFolder.Records records;

  Pace(EvalFolder.Records records) {
    this.records = records;
  }

  /**
   * Does a piece of work and notes how long it took.
   *
   * @param stage which kind
   * @param work returns how many answers it made
   */
  void measure(String stage, IntSupplier work) {
    long start = System.nanoTime();
    int answers = work.getAsInt();
    if (answers > 0) {
      Map<String, @Nullable Object> record = new LinkedHashMap<>();
      record.put("id", "sitting-" + records.all().size());
      record.put("stage", stage);
      record.put("answers", answers);
      record.put("seconds", (System.nanoTime() - start) * 1e-9);
      records.add(record);
    }
  }

  /** Seconds per answer; 0 where nothing was noted. */
  double seconds(String stage) {
    double answers = 0;
    double seconds = 0;
    for (Map<String, Object> record : records.all()) {
      if (AnswerRecord.text(record, "stage").equals(stage)) {
        answers += AnswerRecord.number(record, "answers");
        seconds += AnswerRecord.number(record, "seconds");
      }
    }
    return answers == 0 ? 0 : seconds / answers;
  }
}
