package krites.data;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

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

  int shard(int prompt) {
    return shards[prompt];
  }

  long number(int prompt) {
    return numbers[prompt];
  }

  long position(int prompt) {
    return positions[prompt];
  }

  int place(int prompt) {
    return places[prompt];
  }

  int repeat(int prompt) {
    return repeats.getOrDefault(prompt, 0);
  }
}
