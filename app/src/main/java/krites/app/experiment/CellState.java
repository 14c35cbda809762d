package krites.app.experiment;

import java.util.List;
import java.util.Locale;
import krites.app.config.ExperimentConfig;
import krites.app.run.JsonLines;
import krites.app.run.RunDirectory;

/**
 * How a cell stands, as its files tell.
 *
 * @param kind in a word
 * @param detail for a person; may be empty
 */
record CellState(Kind kind, String detail) {
  /** How far it is. */
  enum Kind {
    TO_DO,
    BEGUN,
    FAILED,
    DONE
  }

  static CellState of(Cell cell, ExperimentConfig experiment) {
    if (cell.result(experiment).isPresent()) {
      return new CellState(Kind.DONE, "");
    }
    String failure = cell.failure();
    if (!failure.isEmpty()) {
      return new CellState(Kind.FAILED, failure);
    }
    return cell.isBegun()
        ? new CellState(Kind.BEGUN, progress(cell))
        : new CellState(Kind.TO_DO, "");
  }

  /** For a person. */
  String words() {
    String word = kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    return detail.isEmpty() ? word : word + ": " + detail;
  }

  private static String progress(Cell cell) {
    List<Cell.Stage> stages = cell.stages();
    for (int i = stages.size() - 1; i >= 0; i--) {
      Cell.Stage stage = stages.get(i);
      long steps =
          JsonLines.last(stage.folder().run().resolve(RunDirectory.METRICS))
              .map(line -> line.get("step") instanceof Number step ? step.longValue() : 0L)
              .orElse(0L);
      if (steps > 0) {
        String of = steps + " of " + stage.resolved().config().run().steps() + " steps";
        return stages.size() == 1 ? of : "stage " + (i + 1) + ", " + of;
      }
    }
    return "";
  }
}
