package krites.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import krites.data.format.RowMeaning;

/**
 * What became of the rows of a data set.
 *
 * @param rows read, damaged ones too
 * @param critic prompts with a pair
 * @param policy prompts with a question
 * @param ties pairs dropped because neither side was preferred
 * @param nothing sound rows without a sample, by reason
 * @param bad damaged rows and what was said of them
 */
public record DatasetCounts(
    long rows,
    long critic,
    long policy,
    long ties,
    Map<RowMeaning.Reason, Long> nothing,
    Complaints bad) {
  public DatasetCounts {
    nothing = Map.copyOf(nothing);
  }

  /** Complaints about damaged rows: all counted, the first ones kept word by word. */
  public static final class Complaints {
    /** What a person reads of them before mending the file. */
    private static final int KEPT = 20;

    private final List<String> first = new ArrayList<>();
    private long rows;

    /** Notes a complaint, which may stand for several rows. */
    public void add(String message, long lost) {
      rows += lost;
      if (first.size() < KEPT) {
        first.add(message);
      }
    }

    /** Damaged rows. */
    public long rows() {
      return rows;
    }

    /** The first complaints, one line each. */
    public List<String> first() {
      return List.copyOf(first);
    }
  }

  /** Prompts of the data set. */
  public long prompts() {
    return critic + policy;
  }

  /** What was left out, in words: {@code 3 ties, 1 damaged row}. */
  public String dropped() {
    Stream<String> reasons =
        nothing.entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(entry -> entry.getValue() + " with " + entry.getKey().words());
    String words =
        Stream.of(
                Stream.of(ties + " ties dropped").filter(_ -> ties > 0),
                reasons,
                Stream.of(bad.rows() + " damaged rows left out").filter(_ -> bad.rows() > 0))
            .flatMap(part -> part)
            .collect(Collectors.joining(", "));
    return words.isEmpty() ? "nothing dropped" : words;
  }
}
