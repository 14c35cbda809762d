package krites.data;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import krites.data.format.RowException;
import krites.data.format.Sample;

/** Where each prompt of a data set comes from: some thirty bytes a prompt, and no text. */
final class PromptIndex {
  private int[] shards = new int[1024];
  private long[] numbers = new long[1024];
  private long[] positions = new long[1024];
  private int[] places = new int[1024];
  private int size;

  /** Which showing of an id a prompt is, where it is not the first. */
  private final Map<Integer, Integer> repeats = new HashMap<>();

  /**
   * @param number of the row in its file, from 1
   * @param place of the prompt among those of its row
   * @param repeat how often the id stood in earlier rows
   */
  void add(RowPlace row, int place, int repeat) {
    if (size == shards.length) {
      shards = Arrays.copyOf(shards, 2 * size);
      numbers = Arrays.copyOf(numbers, 2 * size);
      positions = Arrays.copyOf(positions, 2 * size);
      places = Arrays.copyOf(places, 2 * size);
    }
    shards[size] = row.shard();
    numbers[size] = row.number();
    positions[size] = row.position();
    places[size] = place;
    if (repeat > 0) {
      repeats.put(size, repeat);
    }
    size++;
  }

  int size() {
    return size;
  }

  /** Makes what a sample of a row is shown as; throws when the row is damaged. */
  @FunctionalInterface
  interface Showings<T> {
    /**
     * @param repeat how often the sample's id stood in earlier rows
     */
    List<T> of(RowPlace row, Sample sample, int repeat);
  }

  /**
   * Reads the row of a prompt again and makes the prompt anew.
   *
   * @throws DatasetException if the file is not any more what it was when it was read
   */
  <T> T again(DatasetReader reader, long number, Showings<T> showings) {
    int prompt = Math.toIntExact(number);
    int sample = places[prompt] / SamplePrompts.SHOWINGS;
    int showing = places[prompt] % SamplePrompts.SHOWINGS;
    RowOutcome outcome = reader.again(shards[prompt], numbers[prompt], positions[prompt]);
    if (outcome instanceof RowOutcome.Read(RowPlace row, List<Sample> samples)
        && sample < samples.size()) {
      try {
        List<T> made = showings.of(row, samples.get(sample), repeats.getOrDefault(prompt, 0));
        if (showing < made.size()) {
          return made.get(showing);
        }
      } catch (RowException e) {
        throw new DatasetException(row, String.valueOf(e.getMessage()));
      }
    }
    throw new DatasetException(
        outcome.place(), "is not what it was when it was opened; was the file changed?");
  }
}
