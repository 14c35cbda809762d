package krites.data;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import krites.data.format.DatasetFormat;
import krites.data.format.KritesFormat;
import krites.data.format.RowException;
import krites.data.format.RowMeaning;
import krites.data.format.Sample;
import krites.grpo.Prompt;
import krites.grpo.Task;

/** Counts the rows of a data set as they are read, and notes where its prompts come from. */
final class DatasetIndexer implements Consumer<RowOutcome> {
  private static final String HINT = " (mend the row, or leave it out with data.on-bad-row = skip)";

  private final SamplePrompts prompts;
  private final BadRows badRows;

  /** In our own format an id that stands twice is a mistake; public sets do it. */
  private final boolean uniqueIds;

  private final PromptIndex index = new PromptIndex();
  private final Map<String, Seen> seen = new HashMap<>();
  private final Map<RowMeaning.Reason, Long> nothing = new EnumMap<>(RowMeaning.Reason.class);
  private final DatasetCounts.Complaints complaints = new DatasetCounts.Complaints();
  private long rows;
  private long critic;
  private long policy;
  private long ties;

  /** Where an id stood first, and how often it did. */
  private record Seen(RowPlace first, int times) {}

  DatasetIndexer(SamplePrompts prompts, BadRows badRows, DatasetFormat format) {
    this.prompts = prompts;
    this.badRows = badRows;
    this.uniqueIds = format instanceof KritesFormat;
  }

  @Override
  public void accept(RowOutcome outcome) {
    switch (outcome) {
      case RowOutcome.Bad(RowPlace place, String problem, long lost) -> {
        rows += lost;
        bad(place, problem, lost);
      }
      case RowOutcome.Nothing(RowPlace _, RowMeaning.Reason reason) -> {
        rows++;
        nothing.merge(reason, 1L, Long::sum);
      }
      case RowOutcome.Read(RowPlace place, List<Sample> samples) -> {
        rows++;
        add(place, samples);
      }
    }
  }

  /** All samples of a row, or none: a row is damaged as a whole. */
  private void add(RowPlace place, List<Sample> samples) {
    List<List<Prompt>> made = new ArrayList<>();
    try {
      for (Sample sample : samples) {
        List<Prompt> shown = prompts.of(place, sample, repeat(sample));
        made.add(shown);
        if (uniqueIds && !shown.isEmpty()) {
          requireNew(place, sample);
        }
      }
    } catch (RowException e) {
      bad(place, String.valueOf(e.getMessage()), 1);
      return;
    }
    for (int i = 0; i < samples.size(); i++) {
      if (made.get(i).isEmpty()) {
        ties++;
      } else {
        keep(place, samples.get(i), i, made.get(i));
      }
    }
  }

  private int repeat(Sample sample) {
    Seen earlier = seen.get(sample.id());
    return earlier == null ? 0 : earlier.times();
  }

  private void requireNew(RowPlace place, Sample sample) {
    Seen earlier = seen.get(sample.id());
    if (earlier != null) {
      throw new RowException(
          "id '"
              + sample.id()
              + "' stands in "
              + place.unit()
              + " "
              + earlier.first().number()
              + " too, expected unique ids");
    }
  }

  private void keep(RowPlace place, Sample sample, int number, List<Prompt> shown) {
    int repeat = repeat(sample);
    seen.merge(
        sample.id(),
        new Seen(place, 1),
        (earlier, _) -> new Seen(earlier.first(), earlier.times() + 1));
    for (int showing = 0; showing < shown.size(); showing++) {
      index.add(place, number * SamplePrompts.SHOWINGS + showing, repeat);
      critic += shown.get(showing).task() == Task.CRITIC ? 1 : 0;
      policy += shown.get(showing).task() == Task.CRITIC ? 0 : 1;
    }
  }

  private void bad(RowPlace place, String problem, long lost) {
    if (badRows == BadRows.STOP) {
      boolean mendable = !problem.endsWith("ties are refused");
      throw new DatasetException(place, problem + (mendable ? HINT : ""));
    }
    complaints.add(String.valueOf(new DatasetException(place, problem).getMessage()), lost);
  }

  PromptIndex index() {
    return index;
  }

  DatasetCounts counts() {
    return new DatasetCounts(rows, critic, policy, ties, nothing, complaints);
  }
}
