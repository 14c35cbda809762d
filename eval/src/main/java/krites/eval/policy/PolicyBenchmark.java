package krites.eval.policy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import krites.data.benchmark.BenchmarkRow;
import krites.eval.Bootstrap;
import krites.eval.Measure;

/**
 * A public benchmark of answers: how its rows are asked, what a response is worth, and which
 * numbers it is reported by.
 *
 * <p>Methods that take a row throw {@link IllegalArgumentException} where it lacks a column or
 * holds something else in it; the caller knows file and line.
 */
public sealed interface PolicyBenchmark
    permits MathVista, Mmmu, MmStar, ChartQa, HallusionBench, RealWorldQa, MathVerse, Shapes {
  /** All of them. */
  List<PolicyBenchmark> ALL =
      List.of(
          new MathVista(),
          new Mmmu(false),
          new Mmmu(true),
          new MmStar(),
          new ChartQa(),
          new HallusionBench(),
          new RealWorldQa(),
          new MathVerse(),
          new Shapes());

  /** The value of {@code --bench}. */
  String name();

  /** One line for help and reports: the set, and how it is scored. */
  String title();

  /** The columns by which its rows are known. */
  List<String> columns();

  /** The id of a row; {@code number} counts rows from 0. */
  String id(BenchmarkRow row, long number);

  /** The text of the user turn, without pictures and without a demand for a layout. */
  String question(BenchmarkRow row);

  /** For each picture, the columns it may stand in; the first that the row has counts. */
  default List<List<String>> pictures(BenchmarkRow row) {
    return List.of(List.of("decoded_image", "image", "image_path"));
  }

  /** What reports group by. */
  Map<String, List<String>> tags(BenchmarkRow row);

  /** The expected answer as a person reads it. */
  default String expected(BenchmarkRow row) {
    return row.value("answer");
  }

  /**
   * The verdict on a response.
   *
   * @param seed of a draw, where the published program draws
   */
  Verdict verdict(BenchmarkRow row, String response, long seed);

  /** Tokens that the published run lets a model answer in, without thinking. */
  default int maxNewTokens() {
    return 128;
  }

  /** The numbers of a report, the most important first. */
  default List<Measure> measures(List<Scored> items) {
    List<Measure> measures = new ArrayList<>();
    measures.add(accuracy("accuracy", items));
    measures.addAll(byTag(items));
    return measures;
  }

  /** The benchmark of a name. */
  static Optional<PolicyBenchmark> named(String name) {
    return ALL.stream().filter(benchmark -> benchmark.name().equals(name)).findFirst();
  }

  /** Accuracy of some items. */
  static Measure accuracy(String name, List<Scored> items) {
    return Bootstrap.mean(name, items.stream().mapToDouble(Scored::score).toArray());
  }

  /** Accuracy of the items of each value of each tag. */
  static List<Measure> byTag(List<Scored> items) {
    Map<String, Map<String, List<Scored>>> byKey = new LinkedHashMap<>();
    for (Scored item : items) {
      item.tags()
          .forEach(
              (key, values) ->
                  values.forEach(
                      value ->
                          byKey
                              .computeIfAbsent(key, _ -> new TreeMap<>())
                              .computeIfAbsent(value, _ -> new ArrayList<>())
                              .add(item)));
    }
    List<Measure> measures = new ArrayList<>();
    byKey.forEach(
        (key, values) ->
            values.forEach(
                (value, some) -> measures.add(accuracy("accuracy/" + key + "=" + value, some))));
    return measures;
  }

  /** The share of groups of items in which all are right. */
  static Measure allRight(String name, List<Scored> items, List<String> keys) {
    Map<List<String>, List<Scored>> groups =
        items.stream()
            .collect(
                Collectors.groupingBy(
                    item -> keys.stream().map(item::tag).toList(),
                    LinkedHashMap::new,
                    Collectors.toList()));
    return Bootstrap.mean(
        name,
        groups.values().stream()
            .mapToDouble(group -> group.stream().allMatch(Scored::correct) ? 1 : 0)
            .toArray());
  }
}
