package krites.app.config;

import java.util.List;
import krites.app.config.RunConfig.AdvantageKind;
import krites.app.config.RunConfig.AggregationKind;
import krites.app.config.RunConfig.CorrectedKind;
import krites.app.config.RunConfig.CorrectionKind;
import krites.app.config.RunConfig.CorrectionLevel;
import krites.app.config.RunConfig.FsyncKind;
import krites.app.config.RunConfig.ObjectiveKind;
import krites.app.config.RunConfig.ProximalKind;
import krites.app.config.RunConfig.ScheduleKind;
import krites.app.config.RunConfig.TiesKind;
import krites.data.BadRows;
import krites.data.PairOrder;
import krites.data.SupervisedSettings;
import krites.grpo.flow.WeightUpdateMode;
import krites.learner.OptimizerKind;
import krites.model.qwen25vl.Precision;

/**
 * Which key goes into which component of {@link RunConfig}; every key of {@code krites.conf} is
 * read exactly here.
 */
final class RunConfigParser {
  private final KeyReader keys;

  RunConfigParser(KeyReader keys) {
    this.keys = keys;
  }

  RunConfig parse() {
    return new RunConfig(
        run(),
        model(),
        data(),
        world(),
        rollout(),
        reward(),
        algorithm(),
        learner(),
        engine(),
        async(),
        eval(),
        checkpoint(),
        journal(),
        log(),
        recording(),
        simulate(),
        sft(),
        new RejectConfig(
            keys.longAt("reject.limit"),
            keys.intAt("reject.keep"),
            keys.doubleAt("reject.min-reward")));
  }

  private RunConfig.Run run() {
    return new RunConfig.Run(
        keys.textAt("run.name"),
        keys.textAt("run.dir"),
        keys.longAt("run.seed"),
        keys.intAt("run.steps"),
        keys.intAt("run.suspect-seconds"),
        keys.intAt("run.stall-seconds"),
        keys.choiceAt("run.on-stall", RunConfig.OnStallKind.class),
        keys.intAt("run.recoveries"));
  }

  private RunConfig.Model model() {
    return new RunConfig.Model(
        keys.textAt("model.path"),
        keys.booleanAt("model.freeze-vision"),
        keys.intAt("model.min-pixels"),
        keys.intAt("model.max-pixels"));
  }

  private RunConfig.Data data() {
    return new RunConfig.Data(
        keys.textAt("data.train"),
        keys.textAt("data.train-policy"),
        keys.doubleAt("data.policy-share"),
        keys.textAt("data.eval-critic"),
        keys.textAt("data.eval-policy"),
        keys.textAt("data.images"),
        keys.textAt("data.instruction"),
        keys.textAt("data.format"),
        keys.choiceAt("data.on-bad-row", BadRows.class),
        keys.choiceAt("data.ties", TiesKind.class),
        keys.choiceAt("data.tie-map", RunConfig.TieMapKind.class),
        keys.choiceAt("data.order", PairOrder.class),
        keys.booleanAt("data.both-orders"),
        keys.longAt("data.order-seed"));
  }

  private RunConfig.World world() {
    return new RunConfig.World(
        keys.longAt("world.seed"),
        keys.intAt("world.train-items"),
        keys.intAt("world.grid"),
        keys.intAt("world.objects-min"),
        keys.intAt("world.objects-max"),
        keys.intAt("world.jitter-pixels"),
        keys.intAt("world.outline-pixels"),
        keys.intAt("world.colour-jitter"),
        keys.intAt("world.pixel-noise"),
        keys.intAt("world.gradient"),
        keys.textsAt("world.kinds"),
        keys.doubleAt("world.unseen-forms"),
        keys.doubleAt("world.tempting-wrong"),
        keys.doubleAt("world.label-noise"),
        keys.booleanAt("world.shuffle-labels"),
        keys.doubleAt("world.word-weight"),
        keys.doubleAt("world.sentence-weight"),
        keys.doubleAt("world.caption-weight"));
  }

  private RunConfig.Rollout rollout() {
    return new RunConfig.Rollout(
        keys.intAt("rollout.workers"),
        keys.intAt("rollout.restarts"),
        keys.intAt("rollout.slots"),
        keys.intAt("rollout.chunk-tokens"),
        keys.intAt("rollout.prefill-tokens"),
        keys.intAt("rollout.kv-cache-mib"),
        keys.intAt("rollout.threads"),
        keys.intAt("rollout.group-size"),
        keys.intAt("rollout.groups-per-step"),
        keys.doubleAt("rollout.temperature"),
        keys.doubleAt("rollout.top-p"),
        keys.intAt("rollout.top-k"),
        keys.doubleAt("rollout.repetition-penalty"),
        keys.intAt("rollout.max-new-tokens"),
        keys.textsAt("rollout.stop-strings"),
        keys.intAt("rollout.partial-tokens"),
        keys.choiceAt("rollout.precision", Precision.class),
        keys.listedTextsAt("rollout.devices"));
  }

  private RunConfig.Engine engine() {
    return new RunConfig.Engine(keys.choiceAt("engine.pin", RunConfig.PinKind.class));
  }

  private RewardConfig reward() {
    return new RewardConfig(
        keys.choiceAt("reward.kind", RewardConfig.Kind.class),
        RewardConfig.weight(
            keys.doubleAt("reward.format-weight"),
            keys.doubleAt("reward.format-weight-end"),
            keys.intAt("reward.format-weight-steps")),
        keys.textAt("reward.class"),
        keys.textsAt("reward.class-options"),
        new RewardConfig.Http(
            keys.textAt("reward.http.url"),
            keys.textAt("reward.http.model"),
            keys.textAt("reward.http.prompt"),
            keys.doubleAt("reward.http.scale"),
            keys.booleanAt("reward.http.images"),
            keys.textAt("reward.http.api-key-env"),
            keys.intAt("reward.http.timeout-seconds"),
            keys.intAt("reward.http.parallel"),
            keys.intAt("reward.http.max-tokens")),
        keys.intAt("reward.workers"),
        keys.intAt("reward.deadline-seconds"),
        keys.intAt("reward.attempts"),
        keys.intAt("reward.breaker-failures"),
        keys.intAt("reward.breaker-seconds"),
        keys.choiceAt("reward.on-failure", RewardConfig.OnFailure.class),
        keys.doubleAt("reward.default-reward"));
  }

  private RunConfig.Algorithm algorithm() {
    return new RunConfig.Algorithm(
        keys.choiceAt("algorithm.advantage", AdvantageKind.class),
        keys.choiceAt("algorithm.objective", ObjectiveKind.class),
        keys.doubleAt("algorithm.clip-low"),
        keys.doubleAt("algorithm.clip-high"),
        keys.doubleAt("algorithm.dual-clip"),
        keys.doubleAt("algorithm.gate-positive"),
        keys.doubleAt("algorithm.gate-negative"),
        keys.doubleAt("algorithm.kl-coefficient"),
        keys.klEstimateAt("algorithm.kl-estimator"),
        keys.booleanAt("algorithm.drop-flat-groups"),
        keys.choiceAt("algorithm.proximal", ProximalKind.class),
        keys.choiceAt("algorithm.correction", CorrectionKind.class),
        keys.choiceAt("algorithm.correction-level", CorrectionLevel.class),
        keys.choiceAt("algorithm.correction-tokens", CorrectedKind.class),
        keys.doubleAt("algorithm.importance-cap"),
        keys.doubleAt("algorithm.importance-low"),
        keys.doubleAt("algorithm.importance-high"),
        keys.choiceAt("algorithm.aggregation", AggregationKind.class));
  }

  private RunConfig.Learner learner() {
    List<Double> betas = keys.doublesAt("learner.betas");
    InvalidSetting.require(betas.size() == 2, "learner.betas", "two numbers", betas);
    return new RunConfig.Learner(
        keys.doubleAt("learner.lr"),
        keys.choiceAt("learner.schedule", ScheduleKind.class),
        keys.intAt("learner.warmup-steps"),
        betas.get(0),
        betas.get(1),
        keys.doubleAt("learner.eps"),
        keys.doubleAt("learner.weight-decay"),
        keys.doubleAt("learner.max-grad-norm"),
        keys.intAt("learner.updates-per-batch"),
        keys.intAt("learner.micro-batch-tokens"),
        keys.intAt("learner.threads"),
        keys.choiceAt("learner.precision", Precision.class),
        keys.booleanAt("learner.checkpoint-activations"),
        keys.textAt("learner.device"),
        keys.intAt("learner.members"),
        keys.textsAt("learner.member-devices"),
        keys.choiceAt("learner.optimizer", OptimizerKind.class),
        keys.booleanAt("learner.offload-optimizer"),
        new RunConfig.Lora(
            keys.intAt("learner.lora.rank"),
            keys.doubleAt("learner.lora.alpha"),
            keys.textsAt("learner.lora.target-modules")));
  }

  private RunConfig.Async async() {
    return new RunConfig.Async(
        keys.intAt("async.max-staleness"),
        keys.choiceAt("async.weight-update", WeightUpdateMode.class),
        keys.intAt("async.over-issue"),
        keys.doubleAt("async.hedge-factor"),
        keys.intAt("async.retry-budget"),
        keys.intAt("async.poison-limit"));
  }

  private RunConfig.Eval eval() {
    return new RunConfig.Eval(
        keys.intAt("eval.every-steps"),
        keys.intAt("eval.critic-items"),
        keys.intAt("eval.policy-items"),
        keys.intAt("eval.max-new-tokens"),
        keys.intOrAutoAt("eval.workers"),
        keys.listedTextsAt("eval.devices"));
  }

  private RunConfig.Checkpoint checkpoint() {
    return new RunConfig.Checkpoint(
        keys.intAt("checkpoint.every-steps"), keys.intAt("checkpoint.keep"));
  }

  private RunConfig.Journal journal() {
    return new RunConfig.Journal(
        keys.choiceAt("journal.fsync", FsyncKind.class), keys.intAt("journal.fsync-millis"));
  }

  private RunConfig.Log log() {
    return new RunConfig.Log(keys.intAt("log.samples-per-step"));
  }

  private RunConfig.Recording recording() {
    return new RunConfig.Recording(keys.booleanAt("record.batches"));
  }

  private SimulateConfig simulate() {
    return new SimulateConfig(
        keys.textAt("simulate.faults"),
        keys.doubleAt("simulate.horizon-hours"),
        keys.intAt("simulate.cores"),
        new SimulateConfig.Rollout(
            keys.doubleAt("simulate.prompt-tokens"),
            keys.doubleAt("simulate.prompt-spread"),
            keys.doubleAt("simulate.response-tokens"),
            keys.doubleAt("simulate.response-spread"),
            keys.doubleAt("simulate.prefill-tokens-per-second"),
            keys.doubleAt("simulate.step-millis"),
            keys.doubleAt("simulate.row-millis"),
            keys.doubleAt("simulate.worker-spread"),
            keys.doubleAt("simulate.straggler-share"),
            keys.doubleAt("simulate.straggler-factor"),
            keys.doubleAt("simulate.engine-load-seconds"),
            keys.doubleAt("simulate.weights-load-seconds")),
        new SimulateConfig.Reward(
            keys.doubleAt("simulate.reward-millis"),
            keys.doubleAt("simulate.reward-spread"),
            keys.doubleAt("simulate.accuracy")),
        new SimulateConfig.Learner(
            keys.doubleAt("simulate.train-tokens-per-second"),
            keys.doubleAt("simulate.optimizer-seconds"),
            keys.doubleAt("simulate.trainer-load-seconds"),
            keys.doubleAt("simulate.publish-seconds"),
            keys.doubleAt("simulate.verify-seconds")),
        new SimulateConfig.Around(
            keys.doubleAt("simulate.record-millis"),
            keys.doubleAt("simulate.checkpoint-seconds"),
            keys.doubleAt("simulate.network-millis"),
            keys.doubleAt("simulate.message-micros")));
  }

  private SftConfig sft() {
    List<Double> betas = keys.doublesAt("sft.betas");
    InvalidSetting.require(betas.size() == 2, "sft.betas", "two numbers", betas);
    return new SftConfig(
        keys.textAt("sft.from"),
        new SftConfig.Rows(
            keys.textAt("sft.data"),
            keys.choiceAt("sft.target", SupervisedSettings.Target.class),
            keys.choiceAt("sft.answer-layout", SftConfig.AnswerLayout.class)),
        keys.intAt("sft.steps"),
        keys.intAt("sft.batch-items"),
        keys.doubleAt("sft.lr"),
        keys.intAt("sft.warmup-steps"),
        keys.doubleAt("sft.hold-share"),
        betas.get(0),
        betas.get(1),
        keys.doubleAt("sft.weight-decay"),
        keys.doubleAt("sft.max-grad-norm"),
        keys.intAt("sft.micro-batch-tokens"),
        keys.intAt("sft.threads"),
        keys.intAt("sft.train-items"),
        keys.choiceAt("sft.dtype", SftConfig.WeightType.class),
        new SftConfig.Mixture(
            keys.doubleAt("sft.mixture.caption"),
            keys.doubleAt("sft.mixture.policy"),
            keys.doubleAt("sft.mixture.critic")),
        new SftConfig.Habits(
            keys.doubleAt("sft.habits.confusion"),
            keys.doubleAt("sft.habits.uniform-noise"),
            keys.doubleAt("sft.habits.position-habit"),
            keys.doubleAt("sft.habits.preamble"),
            keys.doubleAt("sft.habits.missing-tags"),
            keys.doubleAt("sft.habits.missing-box")),
        network());
  }

  private SftConfig.Network network() {
    return new SftConfig.Network(
        keys.intAt("sft.network.hidden"),
        keys.intAt("sft.network.layers"),
        keys.intAt("sft.network.heads"),
        keys.intAt("sft.network.kv-heads"),
        keys.intAt("sft.network.intermediate"),
        keys.doubleAt("sft.network.rope-theta"),
        keys.intsAt("sft.network.rope-sections"),
        keys.intAt("sft.network.vision-hidden"),
        keys.intAt("sft.network.vision-depth"),
        keys.intAt("sft.network.vision-heads"),
        keys.intAt("sft.network.vision-intermediate"),
        keys.intAt("sft.network.vision-window"),
        keys.intsAt("sft.network.vision-full-blocks"));
  }
}
