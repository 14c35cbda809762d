package krites.app.eval;

import java.util.List;
import java.util.Map;
import krites.app.answer.AnsweringModel;
import krites.app.answer.StopSignal;
import krites.eval.Measure;

/** One benchmark put to one model. */
sealed interface Evaluation permits PolicyEvaluation, CriticEvaluation {
  /** The file of its records. */
  String RECORDS = "records.jsonl";

  /** One line: the benchmark and how it is scored. */
  String title();

  /** What its records depend on, beside the model and the data. */
  Map<String, Object> settings();

  /** Items that are to be asked. */
  int items();

  /** Items that are asked without the pictures that belong to them. */
  long withoutPictures();

  /** Asks what is not yet recorded; returns how many items that was. */
  int ask(AnsweringModel model, EvalFolder.Records records, StopSignal stop);

  /** The numbers of what is recorded. */
  List<Measure> measures(EvalFolder.Records records);
}
