package krites.app;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import krites.app.config.RunConfig;
import krites.app.display.HeldOut;
import krites.app.display.ProgressDisplay;
import krites.app.display.StepView;
import krites.app.run.RunHistory;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.StepRecord;

/** Shows the steps and evaluations of a run. */
final class RunScreen {
  private final ProgressDisplay display;
  private final Set<String> evalSets;
  private HeldOut pending = HeldOut.none(-1);
  private int setsSeen;

  /**
   * @param evalSets names of the sets of one evaluation; it is shown when all have come
   */
  RunScreen(ProgressDisplay display, Set<String> evalSets) {
    this.display = display;
    this.evalSets = Set.copyOf(evalSets);
  }

  /** The names of the sets that a configuration evaluates. */
  static Set<String> evalSets(RunConfig config) {
    Set<String> sets = new LinkedHashSet<>();
    if (config.eval().criticItems() > 0) {
      sets.add(RunHistory.CRITIC);
    }
    if (config.eval().policyItems() > 0) {
      sets.add(RunHistory.POLICY);
    }
    return sets;
  }

  void step(StepRecord step) {
    Map<String, Double> metrics = step.metrics();
    display.step(
        new StepView(
            step.step(),
            metrics.getOrDefault("reward/mean", Double.NaN),
            metrics.getOrDefault("groups/age_mean", 0.0),
            metrics.getOrDefault("step/tokens_per_second", 0.0)));
  }

  void eval(EvalRecord eval) {
    if (pending.step() != eval.step()) {
      pending = HeldOut.none(eval.step());
      setsSeen = 0;
    }
    pending = RunHistory.with(pending, eval.set(), term(eval, "accuracy"), term(eval, "format"));
    setsSeen++;
    if (setsSeen == evalSets.size()) {
      display.evaluated(pending);
    }
  }

  void end() {
    display.end();
  }

  private static OptionalDouble term(EvalRecord eval, String name) {
    Double value = eval.terms().get(name);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }
}
