package krites.data.report;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import krites.data.DatasetCounts;
import krites.data.RowOutcome;
import krites.data.format.ImageCell;
import krites.data.format.PairText;
import krites.data.format.RowMeaning;
import krites.data.format.Sample;
import krites.grpo.Label;

/** Counts over all samples of a data set, as they are read. Its owner is one reading. */
public final class DatasetSummary implements Consumer<RowOutcome> {
  /** Answers of questions that are told apart; free answers would fill the page. */
  private static final int ANSWERS = 12;

  private final Map<RowMeaning.Reason, Long> nothing = new EnumMap<>(RowMeaning.Reason.class);
  private final Map<Label, Long> labels = new EnumMap<>(Label.class);
  private final Map<String, Long> answers = new LinkedHashMap<>();
  private final DatasetCounts.Complaints bad = new DatasetCounts.Complaints();
  private final LengthBias lengths = new LengthBias();
  private Optional<Sample> first = Optional.empty();
  private long rows;
  private long pairs;
  private long unplaced;
  private long whole;
  private long items;
  private long images;
  private long embedded;
  private long imageBytes;

  @Override
  public void accept(RowOutcome outcome) {
    switch (outcome) {
      case RowOutcome.Bad(var place, String problem, long lost) -> {
        rows += lost;
        bad.add(place + ": " + problem.replaceAll("\\p{Cntrl}", "?"), lost);
      }
      case RowOutcome.Nothing(var _, RowMeaning.Reason reason) -> {
        rows++;
        nothing.merge(reason, 1L, Long::sum);
      }
      case RowOutcome.Read(var _, List<Sample> samples) -> {
        rows++;
        samples.forEach(this::sample);
      }
    }
  }

  private void sample(Sample sample) {
    first = first.or(() -> Optional.of(sample));
    for (ImageCell image : sample.images()) {
      images++;
      if (image instanceof ImageCell.Embedded(String _, int _, byte[] bytes)) {
        embedded++;
        imageBytes += bytes.length;
      }
    }
    switch (sample) {
      case Sample.Item item -> {
        items++;
        if (answers.containsKey(item.answer()) || answers.size() < ANSWERS) {
          answers.merge(item.answer(), 1L, Long::sum);
        }
      }
      case Sample.Pair pair -> {
        pairs++;
        labels.merge(pair.label(), 1L, Long::sum);
        unplaced += pair.placed() ? 0 : 1;
        whole += pair.text() instanceof PairText.Whole ? 1 : 0;
        pair.text().fields().ifPresent(fields -> lengths.add(fields, pair.label()));
      }
    }
  }

  /** Rows read, damaged ones too. */
  public long rows() {
    return rows;
  }

  public long pairs() {
    return pairs;
  }

  /** Pairs of which the file does not say which response stands first. */
  public long unplaced() {
    return unplaced;
  }

  /** Pairs whose prompt the data set words itself. */
  public long whole() {
    return whole;
  }

  public long items() {
    return items;
  }

  public long images() {
    return images;
  }

  /** Images that lie within the rows. */
  public long embedded() {
    return embedded;
  }

  public long imageBytes() {
    return imageBytes;
  }

  /** Pairs with a label. */
  public long labelled(Label label) {
    return labels.getOrDefault(label, 0L);
  }

  /** Of the pairs that are placed and no tie, the share whose first response is better. */
  public double firstShare() {
    long decided = labelled(Label.FIRST) + labelled(Label.SECOND);
    return decided == 0 ? Double.NaN : (double) labelled(Label.FIRST) / decided;
  }

  /** How often the first answers of questions occur. */
  public Map<String, Long> answers() {
    return Map.copyOf(answers);
  }

  public Map<RowMeaning.Reason, Long> nothing() {
    return Map.copyOf(nothing);
  }

  public DatasetCounts.Complaints bad() {
    return bad;
  }

  public LengthBias lengths() {
    return lengths;
  }

  /** The first sample; empty if there is none. */
  public Optional<Sample> first() {
    return first;
  }
}
