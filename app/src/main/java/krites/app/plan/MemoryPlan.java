package krites.app.plan;

import ai.djl.Device;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import krites.app.config.RunConfig;
import krites.learner.LearnerMemory;
import krites.learner.TrainingCore;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;

/**
 * What a run of a configuration will hold, role by role, without a weight being read.
 *
 * @param parameters of the network
 * @param roles learner, rollout workers and evaluators
 * @param hostBytes what lies in host memory beside the roles on it: the process, offloaded moments
 * @param pushBytes of one published version
 * @param checkpointBytes of one checkpoint on disk
 * @param sequenceBytes the cache of one sequence of full length and its share of the prompt
 * @param load the size of the work that was assumed
 */
public record MemoryPlan(
    long parameters,
    List<Role> roles,
    long hostBytes,
    long pushBytes,
    long checkpointBytes,
    long sequenceBytes,
    Load load) {

  /** Java with its heap in use, PyTorch's and our own code: measured, see docs/memory.md. */
  static final long PROCESS_BYTES = 500_000_000;

  private static final String ROLLOUT = "rollout worker";
  private static final String EVALUATOR = "evaluator";

  public MemoryPlan {
    roles = List.copyOf(roles);
  }

  /**
   * The plan of a configuration.
   *
   * @param choice what the learner trains and how
   * @param reference whether the objective needs the start model
   */
  public static MemoryPlan of(
      RunConfig config,
      Qwen25VlConfig network,
      TrainingCore.Choice choice,
      boolean reference,
      Load load) {
    int members = config.learner().members();
    LearnerMemory learner = learner(config, network, choice, reference);
    PassMemory pass = PassMemory.of(network, choice, load);
    Precision sampling = config.rollout().precision();
    RolloutMemory rollout = RolloutMemory.of(network, sampling, Kernels.PLAIN, load);
    List<Role> roles = new ArrayList<>();
    copies(config.learner().devicesOfMembers())
        .forEach(
            (device, count) ->
                roles.add(
                    new Role(
                        members == 1 ? "learner" : "learner member",
                        count,
                        device,
                        learnerParts(learner, pass))));
    Map<String, List<String>> workers = new LinkedHashMap<>();
    workers.put(ROLLOUT, rolloutDevices(config));
    workers.put(EVALUATOR, evalDevices(config));
    workers.forEach(
        (name, devices) ->
            copies(devices)
                .forEach(
                    (device, count) ->
                        roles.add(
                            new Role(
                                name,
                                count,
                                device,
                                rolloutParts(
                                    RolloutMemory.of(
                                        network, sampling, kernels(device, sampling), load))))));
    long parameters = WeightLayout.of(network).parameters();
    return new MemoryPlan(
        parameters,
        roles,
        PROCESS_BYTES + members * learner.inHost(),
        parameters * sampling.bytes(),
        checkpointBytes(network, choice),
        rollout.perSequence(),
        load);
  }

  /** Of one checkpoint: what is trained, whole in float32 or adapters, and its moments. */
  private static long checkpointBytes(Qwen25VlConfig network, TrainingCore.Choice choice) {
    LearnerMemory learner = LearnerMemory.of(network, choice, false, Kernels.PLAIN);
    long weights =
        choice.lora().isPresent()
            ? learner.adapters()
            : WeightLayout.of(network).parameters() * Float.BYTES;
    return weights + learner.moments();
  }

  /** What a learner that begins writes at the least: the versions in use, and a checkpoint. */
  public static long diskBytes(
      RunConfig config, Qwen25VlConfig network, TrainingCore.Choice choice) {
    long push = WeightLayout.of(network).parameters() * config.rollout().precision().bytes();
    return versions(config.evaluators() > 0) * push + checkpointBytes(network, choice);
  }

  /**
   * What each device holds from the first steps on, whatever the work: all of the learner but
   * activations, and of each rollout worker and evaluator the weights it uses and the next ones.
   *
   * @param reference whether the objective needs the start model
   * @return bytes by the device's name in the configuration
   */
  public static Map<String, Long> lasting(
      RunConfig config, Qwen25VlConfig network, TrainingCore.Choice choice, boolean reference) {
    Map<String, Long> sums = new LinkedHashMap<>();
    LearnerMemory learner = learner(config, network, choice, reference);
    config
        .learner()
        .devicesOfMembers()
        .forEach(device -> sums.merge(device, learner.onDevice(), Long::sum));
    long versions =
        2 * WeightLayout.of(network).parameters() * config.rollout().precision().bytes();
    Stream.concat(rolloutDevices(config).stream(), evalDevices(config).stream())
        .forEach(device -> sums.merge(device, versions, Long::sum));
    return sums;
  }

  /** Of each member. */
  private static LearnerMemory learner(
      RunConfig config, Qwen25VlConfig network, TrainingCore.Choice choice, boolean reference) {
    String device = config.learner().devicesOfMembers().getFirst();
    return LearnerMemory.of(
        network,
        choice,
        reference,
        kernels(device, choice.precision()),
        config.learner().members());
  }

  /** Only a CPU's products in bfloat16 depend on which it is; PyTorch starts to find that out. */
  private static Kernels kernels(String device, Precision precision) {
    if (!device.equals("cpu")) {
      return Kernels.PLAIN;
    }
    return precision == Precision.F32 ? Kernels.PACKED : Kernels.fastest(Device.cpu(), precision);
  }

  /** The device of each rollout worker. */
  private static List<String> rolloutDevices(RunConfig config) {
    List<String> devices = config.rollout().devices();
    return IntStream.range(0, config.rollout().workers())
        .mapToObj(worker -> devices.get(worker % devices.size()))
        .toList();
  }

  /** The device of each evaluator. */
  private static List<String> evalDevices(RunConfig config) {
    return IntStream.range(0, config.evaluators()).mapToObj(config::evalDevice).toList();
  }

  private static Map<String, Integer> copies(List<String> devices) {
    Map<String, Integer> copies = new LinkedHashMap<>();
    devices.forEach(device -> copies.merge(device, 1, Integer::sum));
    return copies;
  }

  private static Map<String, Long> learnerParts(LearnerMemory learner, PassMemory pass) {
    Map<String, Long> parts = new LinkedHashMap<>();
    parts.put("weights", learner.weights());
    parts.put("float32 masters", learner.masters());
    parts.put("adapters", learner.adapters());
    parts.put("reference weights", learner.reference());
    parts.put("gradients", learner.gradients());
    parts.put("optimizer moments", learner.momentsInHost() ? 0 : learner.moments());
    long kept = pass.decoder() + pass.vision();
    parts.put("activations", kept);
    parts.put("logits and gradients under way", Math.max(pass.peak() - kept, learner.parts()));
    return parts;
  }

  private static Map<String, Long> rolloutParts(RolloutMemory rollout) {
    Map<String, Long> parts = new LinkedHashMap<>();
    parts.put("weights", rollout.weights());
    parts.put("next weights", rollout.swap());
    parts.put("key-value cache", rollout.cache());
    parts.put(
        "growth, sampling, prefill",
        rollout.peak() - rollout.weights() - rollout.swap() - rollout.cache());
    return parts;
  }

  /** Bytes on each device that a role names; host memory is the device {@code cpu}. */
  public Map<String, Long> byDevice() {
    Map<String, Long> sums = new LinkedHashMap<>();
    sums.put("cpu", hostBytes);
    roles.forEach(role -> sums.merge(role.device(), role.copies() * role.bytes(), Long::sum));
    return sums;
  }

  /** The learner alone, or one of its members. */
  public Role learner() {
    return roles.getFirst();
  }

  /** One rollout worker. */
  public Role rollout() {
    return roles.stream().filter(role -> role.name().equals(ROLLOUT)).findFirst().orElseThrow();
  }

  /**
   * Versions that lie on disk at once: the one that is used, the one that comes, one that a worker
   * may still hold, and one that evaluators are at.
   */
  public long publishedBytes() {
    boolean evaluated = roles.stream().anyMatch(role -> role.name().equals(EVALUATOR));
    return versions(evaluated) * pushBytes;
  }

  private static long versions(boolean evaluated) {
    return evaluated ? 4 : 3;
  }
}
