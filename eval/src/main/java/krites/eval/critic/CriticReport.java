package krites.eval.critic;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import krites.eval.Bootstrap;
import krites.eval.Measure;
import krites.eval.critic.JudgedPair.Outcome;
import krites.grpo.Label;

/**
 * The numbers of a critic on a benchmark, and those of three critics that cannot see: one that
 * draws, one that prefers the longer response, one that prefers what it is shown first.
 *
 * <p>Intervals draw the benchmark's units again: all pairs of an id together.
 *
 * @param benchmark which numbers
 * @param protocol how outcomes come from judgements
 */
public record CriticReport(CriticBenchmark benchmark, CriticProtocol protocol) {
  /** Numbers of votes that the official protocol reports. */
  private static final int[] VOTES = {1, 3, 5, 7, 9};

  /** Right and counted pairs of a unit, in all and by group. */
  private record Unit(List<JudgedPair> pairs) {}

  /** The numbers, the most important first. */
  public List<Measure> measures(List<JudgedPair> pairs) {
    List<Unit> units = units(pairs);
    List<Measure> measures = new ArrayList<>(scores("", units, pairs, this::outcome));
    if (protocol.votes() > 1) {
      for (int k : VOTES) {
        if (k < protocol.votes()) {
          measures.addAll(scores("votes=" + k + "/", units, pairs, pair -> pair.majority(k)));
        }
      }
    }
    measures.addAll(baselines(units, pairs));
    measures.addAll(behaviour(units, pairs));
    return measures;
  }

  private Outcome outcome(JudgedPair pair) {
    return protocol.votes() == 1 ? pair.first() : pair.majority(protocol.votes());
  }

  private static List<Unit> units(List<JudgedPair> pairs) {
    return pairs.stream()
        .collect(
            Collectors.groupingBy(
                judged -> judged.pair().unit(), LinkedHashMap::new, Collectors.toList()))
        .values()
        .stream()
        .map(Unit::new)
        .toList();
  }

  private static List<JudgedPair> flat(List<Unit> units) {
    return units.stream().flatMap(unit -> unit.pairs().stream()).toList();
  }

  private List<Measure> scores(
      String prefix,
      List<Unit> units,
      List<JudgedPair> pairs,
      Function<JudgedPair, Outcome> outcome) {
    List<Measure> measures = new ArrayList<>();
    measures.add(
        Bootstrap.of(
            prefix + "accuracy",
            counted(pairs, outcome),
            units,
            drawn -> accuracy(flat(drawn), outcome)));
    if (benchmark.macro()) {
      measures.add(
          Bootstrap.of(
              prefix + "macro",
              counted(pairs, outcome),
              units,
              drawn -> macro(flat(drawn), outcome)));
    }
    if (benchmark.accPlus()) {
      double[] whole =
          units.stream()
              .mapToDouble(
                  unit ->
                      unit.pairs().stream().allMatch(pair -> outcome.apply(pair) == Outcome.RIGHT)
                          ? 1
                          : 0)
              .toArray();
      measures.add(Bootstrap.mean(prefix + "acc+", whole));
    }
    groups(pairs)
        .forEach(
            (group, some) ->
                measures.add(
                    Bootstrap.of(
                        prefix + "accuracy/" + benchmark.group() + "=" + group,
                        counted(some, outcome),
                        units(some),
                        drawn -> accuracy(flat(drawn), outcome))));
    return measures;
  }

  private Map<String, List<JudgedPair>> groups(List<JudgedPair> pairs) {
    return pairs.stream()
        .filter(judged -> judged.pair().tags().containsKey(benchmark.group()))
        .collect(
            Collectors.groupingBy(
                judged ->
                    Optional.ofNullable(judged.pair().tags().get(benchmark.group())).orElse(""),
                TreeMap::new,
                Collectors.toList()));
  }

  private long counted(List<JudgedPair> pairs, Function<JudgedPair, Outcome> outcome) {
    return switch (protocol.unread()) {
      case WRONG -> pairs.size();
      case DROP -> pairs.stream().filter(pair -> outcome.apply(pair) != Outcome.UNREAD).count();
    };
  }

  private double accuracy(List<JudgedPair> pairs, Function<JudgedPair, Outcome> outcome) {
    long right = pairs.stream().filter(pair -> outcome.apply(pair) == Outcome.RIGHT).count();
    return (double) right / counted(pairs, outcome);
  }

  private double macro(List<JudgedPair> pairs, Function<JudgedPair, Outcome> outcome) {
    return groups(pairs).values().stream()
        .mapToDouble(some -> accuracy(some, outcome))
        .average()
        .orElse(Double.NaN);
  }

  private List<Measure> baselines(List<Unit> units, List<JudgedPair> pairs) {
    List<Measure> measures = new ArrayList<>();
    measures.add(Measure.of("random", 0.5, pairs.size()));
    if (benchmark.accPlus()) {
      double all =
          units.stream()
              .mapToDouble(unit -> Math.pow(0.5, unit.pairs().size()))
              .average()
              .orElse(0);
      measures.add(Measure.of("random/acc+", all, units.size()));
    }
    measures.addAll(trivial("longest", units, pairs, judged -> judged.pair().preferredIsLonger()));
    measures.addAll(trivial("first-position", units, pairs, CriticReport::preferredIsShownFirst));
    return measures;
  }

  private static boolean preferredIsShownFirst(JudgedPair judged) {
    boolean exchanged = judged.judgements().getFirst().exchanged();
    return (judged.pair().label() == Label.FIRST) != exchanged;
  }

  private List<Measure> trivial(
      String name, List<Unit> units, List<JudgedPair> pairs, Predicate<JudgedPair> wins) {
    CriticReport all = new CriticReport(benchmark, CriticProtocol.greedy());
    return all
        .scores("", units, pairs, pair -> wins.test(pair) ? Outcome.RIGHT : Outcome.WRONG)
        .stream()
        .filter(measure -> !measure.name().contains("="))
        .map(
            measure ->
                measure.named(
                    measure.name().equals("accuracy") ? name : name + "/" + measure.name()))
        .toList();
  }

  /** How the critic behaves, right or wrong. */
  private static List<Measure> behaviour(List<Unit> units, List<JudgedPair> pairs) {
    List<Measure> measures = new ArrayList<>();
    double[] consistent =
        pairs.stream()
            .flatMap(pair -> pair.consistent().stream())
            .mapToDouble(same -> same ? 1 : 0)
            .toArray();
    if (consistent.length > 0) {
      measures.add(Bootstrap.mean("position-consistency", consistent));
    }
    List<Judgement> all = pairs.stream().flatMap(pair -> pair.judgements().stream()).toList();
    double[] firsts =
        all.stream()
            .flatMap(one -> one.prefersFirstShown().stream())
            .mapToDouble(first -> first ? 1 : 0)
            .toArray();
    measures.add(Bootstrap.mean("prefers-first-shown", firsts));
    measures.add(
        Bootstrap.mean(
            "unread", all.stream().mapToDouble(one -> one.verdict().isEmpty() ? 1 : 0).toArray()));
    measures.add(Measure.of("units", units.size(), units.size()));
    return measures;
  }
}
