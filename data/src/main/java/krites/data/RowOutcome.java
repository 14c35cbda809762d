package krites.data;

import java.util.List;
import krites.data.format.RowMeaning;
import krites.data.format.Sample;

/** What a row of a data set gave. */
public sealed interface RowOutcome {
  RowPlace place();

  /** Samples, at least one. */
  record Read(RowPlace place, List<Sample> samples) implements RowOutcome {
    public Read {
      samples = List.copyOf(samples);
    }
  }

  /** A sound row that teaches nothing. */
  record Nothing(RowPlace place, RowMeaning.Reason reason) implements RowOutcome {}

  /**
   * A damaged row.
   *
   * @param problem one line: column or key, what stands there, what was expected
   * @param lost rows that cannot be read because of it
   */
  record Bad(RowPlace place, String problem, long lost) implements RowOutcome {}
}
