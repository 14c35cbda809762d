package krites.app.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import krites.app.ResidentMemory;
import krites.grpo.Prompt;

/**
 * Responses and new weights in a loop, for as long as one cares to wait, with an eye on resident
 * memory.
 */
final class Soak {
  /** The share of the time that is warm-up: caches fill, the heap finds its size. */
  private static final double WARM_UP = 0.1;

  /** How far resident memory may move behind the warm-up. */
  static final double LIMIT = 0.02;

  private static final double MINUTE_NANOS = 60e9;

  /** Enough for a drift to show where the time is short. */
  private static final int SAMPLES_AT_LEAST = 20;

  private final WeightsBench bench;
  private final List<Prompt> prompts;
  private final int newTokens;
  private final Consumer<String> progress;

  /** Memory at one moment. */
  record Sample(double minute, ResidentMemory memory) {}

  /**
   * What was seen.
   *
   * @param rounds of responses, each behind new weights
   */
  record Outcome(List<Sample> samples, long rounds) {
    Outcome {
      samples = List.copyOf(samples);
    }

    /** The samples that are judged. */
    List<Sample> judged() {
      double end = samples.getLast().minute();
      return samples.stream().filter(sample -> sample.minute() >= WARM_UP * end).toList();
    }

    /**
     * How far the last third of the judged samples lies from the first third, median from median,
     * as a share: single samples move as versions are mapped and let go.
     */
    double drift() {
      List<Double> resident =
          judged().stream().map(sample -> (double) sample.memory().residentBytes()).toList();
      int third = Math.max(1, resident.size() / 3);
      double first = new Samples(resident.subList(0, third)).median();
      double last =
          new Samples(resident.subList(resident.size() - third, resident.size())).median();
      return Math.abs(last / first - 1);
    }

    boolean flat() {
      return drift() <= LIMIT;
    }

    String line() {
      return String.format(
          Locale.ROOT,
          "resident memory %s within %.0f %%: %.2f %% over %d samples, %d rounds of weights and"
              + " responses",
          flat() ? "stayed" : "did not stay",
          100 * LIMIT,
          100 * drift(),
          judged().size(),
          rounds);
    }
  }

  /**
   * @param prompts answered in each round
   * @param newTokens the longest response; lengths vary from round to round
   */
  Soak(WeightsBench bench, List<Prompt> prompts, int newTokens, Consumer<String> progress) {
    this.bench = bench;
    this.prompts = List.copyOf(prompts);
    this.newTokens = newTokens;
    this.progress = progress;
  }

  /** Runs for so many minutes; memory is looked at every minute, and at least twenty times. */
  Outcome run(double minutes) {
    List<Sample> samples = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(1);
    double every = Math.min(1, minutes / SAMPLES_AT_LEAST);
    long start = System.nanoTime();
    long rounds = 0;
    while (true) {
      bench.push(new Findings());
      int count = 1 + random.nextInt(prompts.size());
      int first = random.nextInt(prompts.size() - count + 1);
      bench.answer(prompts.subList(first, first + count), 1 + random.nextInt(newTokens));
      rounds++;
      double now = (System.nanoTime() - start) / MINUTE_NANOS;
      if (samples.isEmpty() || now >= samples.getLast().minute() + every || now >= minutes) {
        samples.add(look(now));
        progress.accept(
            String.format(
                Locale.ROOT,
                "minute %.1f: %.1f MB resident",
                now,
                samples.getLast().memory().residentBytes() / 1e6));
      }
      if (now >= minutes) {
        return new Outcome(samples, rounds);
      }
    }
  }

  /** Garbage is collected first: it is no leak, and comes and goes by the size of the heap. */
  private static Sample look(double minute) {
    System.gc();
    return new Sample(minute, ResidentMemory.now());
  }

  /** Numbers of prompts that the loop asks. */
  static List<Prompt> prompts(BenchPrompts prompts, int count, int tokens) {
    return IntStream.range(5000, 5000 + count)
        .mapToObj(number -> prompts.prompt(number, tokens, number % 2 == 0))
        .toList();
  }
}
