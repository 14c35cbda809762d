package krites.actors;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import krites.grpo.Drop;
import krites.grpo.FinishReason;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.flow.Account;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.record.SampleRecord;
import krites.grpo.record.StepRecord;

/**
 * Puts the numbers of a step together: those of the learner, of its batch, of the groups and of
 * time.
 */
final class StepMetrics {
  /** The reward term that says whether the answer was right. */
  static final String ACCURACY = "accuracy";

  private static final String FORMAT = "format";

  /**
   * Seconds of the phases of a step.
   *
   * @param waiting from the end of the step before until the batch was complete
   * @param train from there until the step was trained
   * @param eval of that, evaluation that held training
   */
  record Seconds(double waiting, double train, double eval) {
    double all() {
      return waiting + train;
    }
  }

  private StepMetrics() {}

  static StepRecord compose(
      TrainingBatch batch,
      StepReport report,
      Account account,
      Map<String, Double> more,
      Map<String, Double> rollout,
      Seconds seconds) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    addRewards(metrics, batch);
    addResponses(metrics, batch, seconds);
    addGroups(metrics, batch, account);
    metrics.putAll(more);
    metrics.putAll(report.metrics());
    rollout.forEach((name, value) -> metrics.put("rollout/" + name, value));
    metrics.put("seconds/step", seconds.all());
    metrics.put("seconds/wait_batch", seconds.waiting() - seconds.eval());
    metrics.put("seconds/train", seconds.train());
    metrics.put("seconds/eval", seconds.eval());
    return new StepRecord(report.step(), report.version(), report.skipped(), metrics);
  }

  private static void addRewards(Map<String, Double> metrics, TrainingBatch batch) {
    Mean total = new Mean();
    Mean byDefault = new Mean();
    Map<String, Mean> terms = new LinkedHashMap<>();
    Map<String, Mean> totalByTask = new LinkedHashMap<>();
    Map<String, Mean> accuracyByTask = new LinkedHashMap<>();
    for (TrainingGroup group : batch.groups()) {
      String task = group.group().prompt().task().name().toLowerCase(Locale.ROOT);
      for (Reward reward : group.scored().rewards()) {
        total.add(reward.total());
        totalByTask.computeIfAbsent(task, k -> new Mean()).add(reward.total());
        byDefault.add(RewardPolicy.isDefault(reward) ? 1 : 0);
        if (RewardPolicy.isDefault(reward)) {
          continue; // it is no judgement of the response
        }
        reward
            .terms()
            .forEach((name, value) -> terms.computeIfAbsent(name, k -> new Mean()).add(value));
        Double accuracy = reward.terms().get(ACCURACY);
        if (accuracy != null) {
          accuracyByTask.computeIfAbsent(task, k -> new Mean()).add(accuracy);
        }
      }
    }
    metrics.put("reward/mean", total.value());
    metrics.put("reward/std", total.deviation());
    metrics.put("reward/default_rate", byDefault.value());
    terms.forEach((name, mean) -> metrics.put("reward/" + name + "_mean", mean.value()));
    Mean format = terms.get(FORMAT);
    if (format != null) {
      metrics.put("response/format_rate", format.value());
    }
    totalByTask.forEach(
        (task, mean) -> {
          metrics.put(task + "/share", mean.count() / (double) total.count());
          metrics.put(task + "/reward_mean", mean.value());
        });
    accuracyByTask.forEach((task, mean) -> metrics.put(task + "/accuracy", mean.value()));
  }

  private static void addResponses(
      Map<String, Double> metrics, TrainingBatch batch, Seconds seconds) {
    Mean length = new Mean();
    Mean cut = new Mean();
    long promptTokens = 0;
    for (TrainingGroup group : batch.groups()) {
      for (Response response : group.group().responses()) {
        length.add(response.ids().length());
        cut.add(response.finish() == FinishReason.LENGTH ? 1 : 0);
      }
      promptTokens +=
          (long) group.group().encoded().ids().length() * group.group().responses().size();
    }
    double responseTokens = length.value() * length.count();
    metrics.put("response/tokens_mean", length.value());
    metrics.put("response/tokens_max", length.max());
    metrics.put("response/cut_rate", cut.value());
    metrics.put("step/response_tokens", (double) Math.round(responseTokens));
    metrics.put("step/prompt_tokens", (double) promptTokens);
    metrics.put(
        "step/tokens_per_second", (responseTokens + promptTokens) / Math.max(1e-9, seconds.all()));
  }

  private static void addGroups(Map<String, Double> metrics, TrainingBatch batch, Account account) {
    Mean age = new Mean();
    Mean flat = new Mean();
    for (TrainingGroup group : batch.groups()) {
      age.add(batch.policy().staleness(group.group().oldestVersion()));
      flat.add(
          group.scored().rewards().stream().mapToDouble(Reward::total).distinct().count() == 1
              ? 1
              : 0);
    }
    metrics.put("groups/age_mean", age.value());
    metrics.put("groups/age_max", age.max());
    metrics.put("groups/flat_rate", flat.value());
    metrics.put("groups/issued", (double) account.issued());
    metrics.put("groups/trained", (double) account.trained());
    metrics.put("groups/in_flight", (double) account.inFlight());
    for (Drop reason : Drop.values()) {
      metrics.put(
          "dropped/" + reason.name().toLowerCase(Locale.ROOT),
          (double) account.dropped().getOrDefault(reason, 0L));
    }
  }

  /**
   * The first {@code count} responses of a batch, going through the groups before a group gives a
   * second one.
   */
  static List<SampleRecord> samples(TrainingBatch batch, int count) {
    List<SampleRecord> samples = new ArrayList<>();
    int groups = batch.groups().size();
    for (int i = 0; i < count; i++) {
      TrainingGroup group = batch.groups().get(i % groups);
      int response = i / groups;
      if (response < group.group().responses().size()) {
        samples.add(sample(batch.step(), group, response));
      }
    }
    return samples;
  }

  private static SampleRecord sample(long step, TrainingGroup group, int index) {
    var prompt = group.group().prompt();
    Response response = group.group().responses().get(index);
    Reward reward = group.scored().rewards().get(index);
    return new SampleRecord(
        step,
        group.group().id(),
        prompt.id(),
        prompt.task(),
        prompt.text(),
        prompt.answer(),
        response.text(),
        response.ids().length(),
        response.finish(),
        response.first(),
        reward.total(),
        reward.terms(),
        group.advantages().get(index));
  }
}
