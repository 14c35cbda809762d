package krites.data.benchmark;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Options of a question under letters. */
final class OptionLines {
  private OptionLines() {}

  /** The letter of an option, counted from 0: A, B, C, ... */
  static String letter(int option) {
    return Character.toString('A' + option);
  }

  /** A line for each option: {@code A. the option}. */
  static String of(List<String> options) {
    return IntStream.range(0, options.size())
        .mapToObj(option -> letter(option) + ". " + options.get(option))
        .collect(Collectors.joining("\n"));
  }
}
