package krites.app.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import krites.eval.Bootstrap;
import krites.eval.Interval;
import krites.eval.Measure;
import krites.eval.policy.PolicyItem;
import krites.eval.scaling.Majority;
import krites.eval.scaling.ScalingPoint;
import krites.eval.scaling.TieBreak;
import krites.grpo.flow.Seeds;
import org.jspecify.annotations.Nullable;

/**
 * Points of the curve over n: one answer, the majority, each judge by each strategy, and the oracle
 * that always finds a right answer where there is one.
 */
record ScaleReport(
    List<PolicyItem> items,
    List<List<Candidates.Candidate>> candidates,
    ScalePlan plan,
    Pace pace,
    long seed) {

  List<ScalingPoint> points(Map<String, Tournament> tournaments) {
    List<ScalingPoint> points = new ArrayList<>();
    points.add(single());
    for (int n : plan.sizes()) {
      points.add(unjudged("majority", n, i -> right(i, majority(i, n))));
      tournaments.forEach(
          (judge, tournament) ->
              plan.ties().forEach(tie -> points.add(judged(judge, tournament, tie, n))));
      points.add(
          unjudged(
              "oracle",
              n,
              i -> IntStream.range(0, n).mapToDouble(c -> right(i, c)).max().orElse(0)));
    }
    return points;
  }

  /** What one answer is worth: the mean over all that were sampled. */
  private ScalingPoint single() {
    double[] shares =
        IntStream.range(0, items.size())
            .mapToDouble(
                i ->
                    IntStream.range(0, plan.answers())
                        .mapToDouble(c -> right(i, c))
                        .average()
                        .orElse(0))
            .toArray();
    return new ScalingPoint(
        "single",
        1,
        Bootstrap.mean("single", shares),
        0,
        0,
        tokens(plan.answers()) / plan.answers(),
        pace.seconds("candidates"));
  }

  private interface Worth {
    double of(int item);
  }

  private ScalingPoint unjudged(String method, int n, Worth worth) {
    return new ScalingPoint(
        method, n, accuracy(method, n, worth), 0, 0, tokens(n), n * pace.seconds("candidates"));
  }

  private ScalingPoint judged(String judge, Tournament tournament, TieBreak tie, int n) {
    String method = judge + "/" + tie.name();
    List<Tournament.Chosen> chosen =
        IntStream.range(0, items.size()).mapToObj(i -> tournament.chosen(tie, i, n)).toList();
    double calls = chosen.stream().mapToInt(Tournament.Chosen::calls).average().orElse(0);
    double tokens = chosen.stream().mapToLong(Tournament.Chosen::tokens).average().orElse(0);
    return new ScalingPoint(
        method,
        n,
        accuracy(method, n, i -> right(i, chosen.get(i).winner())),
        n - 1,
        calls,
        tokens(n) + tokens,
        n * pace.seconds("candidates") + calls * pace.seconds(judge));
  }

  private Measure accuracy(String method, int n, Worth worth) {
    return Bootstrap.mean(
        method + "/n=" + n, IntStream.range(0, items.size()).mapToDouble(worth::of).toArray());
  }

  private double right(int item, int candidate) {
    return candidates.get(item).get(candidate).verdict().correct() ? 1 : 0;
  }

  private int majority(int item, int n) {
    return Majority.pick(
        candidates.get(item).subList(0, n).stream().map(one -> one.verdict().read()).toList(),
        Seeds.ofName(seed, "majority/" + items.get(item).id() + "/" + n));
  }

  /** Tokens of the first n answers of a question, in the mean. */
  private double tokens(int n) {
    return candidates.stream()
        .mapToLong(
            list -> list.subList(0, n).stream().mapToLong(Candidates.Candidate::tokens).sum())
        .average()
        .orElse(0);
  }

  /** Lines of a table; costs are means over questions. */
  static List<String> lines(List<ScalingPoint> points) {
    double single = points.getFirst().accuracy().value();
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "%-22s %4s %9s  %-16s %7s %7s %9s %9s",
            "",
            "n",
            "accuracy",
            "",
            "gain",
            "calls",
            "tokens",
            "seconds"));
    for (ScalingPoint point : points) {
      Measure accuracy = point.accuracy();
      lines.add(
          String.format(
              Locale.ROOT,
              "%-22s %4d %9.3f  %-16s %+7.3f %7.1f %9.0f %9.2f",
              point.method(),
              point.n(),
              accuracy.value(),
              accuracy.interval().map(Interval::text).orElse(""),
              accuracy.value() - single,
              point.judgeCalls(),
              point.tokens(),
              point.seconds()));
    }
    return lines;
  }

  static List<Map<String, @Nullable Object>> json(List<ScalingPoint> points) {
    List<Map<String, @Nullable Object>> list = new ArrayList<>();
    for (ScalingPoint point : points) {
      Map<String, @Nullable Object> object = new LinkedHashMap<>();
      object.put("method", point.method());
      object.put("n", point.n());
      object.put("accuracy", point.accuracy().value());
      object.put("low", point.accuracy().interval().map(Interval::low).orElse(null));
      object.put("high", point.accuracy().interval().map(Interval::high).orElse(null));
      object.put("comparisons", point.comparisons());
      object.put("judge_calls", point.judgeCalls());
      object.put("tokens", point.tokens());
      object.put("seconds", point.seconds());
      list.add(object);
    }
    return list;
  }
}
