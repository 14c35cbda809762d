package krites.simulator;

import java.util.LinkedHashMap;
import java.util.Map;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.port.RewardFunction;

/** A reward that takes its time and is right with a given probability; it may fail or block. */
record ModelledReward(Machine machine, DeviceModel.Reward model) implements RewardFunction {
  private static final double FORMAT_WEIGHT = 0.1; // that of the built-in job; it moves no time

  @Override
  public Reward score(Prompt prompt, Response response) {
    long luck = machine.luck();
    machine.work(model.seconds().draw(luck));
    FaultPlan plan = machine.plan();
    if (strikes(FaultKind.REWARD_BLOCK, plan, luck)) {
      long from = machine.loop().nanos();
      machine.struck(
          FaultKind.REWARD_BLOCK,
          EventLoop.nanos(plan.seconds(FaultKind.REWARD_BLOCK)),
          prompt.id());
      machine.idleUntil(from + EventLoop.nanos(plan.seconds(FaultKind.REWARD_BLOCK)));
    }
    if (strikes(FaultKind.REWARD_ERROR, plan, luck)) {
      machine.struck(FaultKind.REWARD_ERROR, 0, prompt.id());
      throw new IllegalStateException("the reward of " + prompt.id() + " cannot be computed");
    }
    double accuracy = Draws.uniform(Draws.seed(luck, "accuracy")) < model.accuracy() ? 1 : 0;
    Map<String, Double> terms = new LinkedHashMap<>();
    terms.put("accuracy", accuracy);
    terms.put("format", 1.0);
    return new Reward((1 - FORMAT_WEIGHT) * accuracy + FORMAT_WEIGHT, terms);
  }

  private static boolean strikes(FaultKind kind, FaultPlan plan, long luck) {
    double share = plan.rate(kind);
    return share > 0 && Draws.uniform(Draws.seed(luck, kind.word())) < share;
  }
}
