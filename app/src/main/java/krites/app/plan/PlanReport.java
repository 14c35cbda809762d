package krites.app.plan;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import krites.learner.OptimizerKind;
import krites.learner.OptimizerSettings;
import krites.learner.TrainingCore;
import krites.model.lora.LoraSettings;
import krites.model.lora.LoraTarget;
import krites.model.qwen25vl.Precision;

/**
 * A plan for a person: each role, whether it fits, and what to change where it does not.
 *
 * @param plan of the configuration
 * @param otherwise the plan of the same configuration with another choice of the learner
 * @param choice of the configuration
 * @param gpuBytes memory of a GPU; 0 if not asked
 * @param hostBytes memory of the machine; 0 if not known
 */
public record PlanReport(
    MemoryPlan plan,
    Function<TrainingCore.Choice, MemoryPlan> otherwise,
    TrainingCore.Choice choice,
    long gpuBytes,
    long hostBytes) {

  private static final int LORA_RANK = 16;

  /** A device and whether what lies there fits. */
  private record Place(String name, long needed, long has) {
    boolean fits() {
      return has == 0 || needed <= has;
    }
  }

  /** Whether everything fits where the configuration puts it, as far as sizes are known. */
  public boolean fits() {
    return places().stream().allMatch(Place::fits);
  }

  private List<Place> places() {
    List<Place> places = new ArrayList<>();
    boolean named = plan.roles().stream().anyMatch(role -> !role.device().equals("cpu"));
    if (gpuBytes > 0 && !named) {
      places.add(new Place("learner on a GPU", plan.learner().bytes(), gpuBytes));
      places.add(new Place("rollout worker on a GPU", plan.rollout().bytes(), gpuBytes));
      places.add(new Place("host memory", plan.hostBytes(), hostBytes));
      return places;
    }
    plan.byDevice()
        .forEach(
            (device, bytes) ->
                places.add(
                    device.equals("cpu")
                        ? new Place("host memory", bytes, hostBytes)
                        : new Place(device, bytes, gpuBytes)));
    return places;
  }

  /** The lines for a terminal. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    Load load = plan.load();
    lines.add(
        String.format(
            Locale.ROOT,
            "parameters %,d; prompt %,d tokens, response %,d, row of a group %,d, %d rows a micro-batch",
            plan.parameters(),
            load.promptTokens(),
            load.responseTokens(),
            load.rowTokens(),
            load.rows()));
    for (Role role : plan.roles()) {
      lines.add("");
      lines.add(
          String.format(
              Locale.ROOT,
              "%-34s %10s",
              role.name()
                  + (role.copies() > 1 ? " x " + role.copies() : "")
                  + " on "
                  + role.device(),
              size(role.bytes())));
      role.parts()
          .forEach(
              (part, bytes) -> {
                if (bytes > 0) {
                  lines.add(String.format(Locale.ROOT, "  %-32s %10s", part, size(bytes)));
                }
              });
    }
    lines.add("");
    lines.add(line("process, offloaded moments in host", plan.hostBytes()));
    lines.add(line("a pushed version of the weights", plan.pushBytes()));
    lines.add(line("disk: published versions", plan.publishedBytes()));
    lines.add(line("disk: a checkpoint", plan.checkpointBytes()));
    lines.add(
        String.format(
            Locale.ROOT,
            "%-34s %10d  of %s cache each",
            "sequences decoded together",
            load.sequences(),
            size(plan.sequenceBytes())));
    lines.add("");
    for (Place place : places()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%-34s %10s%s",
              place.name(),
              size(place.needed()),
              place.has() == 0
                  ? ""
                  : (place.fits() ? "  fits in " : "  does NOT fit in ") + size(place.has())));
    }
    moreSequences().ifPresent(lines::add);
    if (!fits()) {
      lines.add("");
      lines.add("what the learner would hold otherwise:");
      alternatives()
          .forEach(
              (name, bytes) ->
                  lines.add(String.format(Locale.ROOT, "  %-46s %10s", name, size(bytes))));
      lines.add(
          "a rollout worker needs less with rollout.precision = bf16, fewer rollout.slots, a smaller "
              + "rollout.max-new-tokens, or a bound (rollout.kv-cache-mib)");
    }
    return lines;
  }

  /** How many sequences a worker alone on a GPU could hold. */
  private Optional<String> moreSequences() {
    if (gpuBytes == 0) {
      return Optional.empty();
    }
    Role worker = plan.rollout();
    long cache = worker.parts().getOrDefault("key-value cache", 0L);
    long moving = worker.parts().getOrDefault("growth, sampling, prefill", 0L);
    long fixed = worker.bytes() - cache - moving;
    double perSequence = (double) (cache + moving) / plan.load().sequences();
    long most = (long) Math.max(0, (gpuBytes - fixed) / perSequence);
    return Optional.of(
        String.format(
            Locale.ROOT,
            "%-34s %10d  (rollout.slots up to %d)",
            "sequences that a GPU has room for",
            most,
            most / plan.load().groupSize()));
  }

  /** Bytes of the learner on its device under other choices, each of them alone and together. */
  Map<String, Long> alternatives() {
    Map<String, TrainingCore.Choice> others = new LinkedHashMap<>();
    TrainingCore.Choice c = choice;
    if (!c.checkpointActivations()) {
      others.put("learner.checkpoint-activations = true", with(c, c.precision(), true, c.lora()));
    }
    if (c.precision() == Precision.F32) {
      others.put(
          "learner.precision = bf16", with(c, Precision.BF16, c.checkpointActivations(), c.lora()));
    }
    if (c.optimizer().kind() == OptimizerKind.ADAMW) {
      others.put(
          "learner.optimizer = adamw-8bit",
          optimized(c, new OptimizerSettings(OptimizerKind.ADAMW_8BIT, c.optimizer().offload())));
    }
    if (!c.optimizer().offload()) {
      others.put(
          "learner.offload-optimizer = true",
          optimized(c, new OptimizerSettings(c.optimizer().kind(), true)));
    }
    if (!c.freezeVision() && c.lora().isEmpty()) {
      others.put(
          "model.freeze-vision = true",
          new TrainingCore.Choice(
              true, c.precision(), c.checkpointActivations(), c.lora(), c.optimizer()));
    }
    if (c.lora().isEmpty()) {
      Optional<LoraSettings> lora =
          Optional.of(new LoraSettings(LORA_RANK, LORA_RANK, List.of(LoraTarget.values()), 0));
      others.put(
          "learner.lora.rank = " + LORA_RANK,
          with(c, c.precision(), c.checkpointActivations(), lora));
      if (c.precision() == Precision.F32 || !c.checkpointActivations()) {
        others.put(
            "learner.lora.rank, bf16 and checkpointing", with(c, Precision.BF16, true, lora));
      }
    }
    Map<String, Long> bytes = new LinkedHashMap<>();
    others.forEach((name, other) -> bytes.put(name, otherwise.apply(other).learner().bytes()));
    return bytes;
  }

  private static TrainingCore.Choice with(
      TrainingCore.Choice c, Precision precision, boolean twice, Optional<LoraSettings> lora) {
    return new TrainingCore.Choice(c.freezeVision(), precision, twice, lora, c.optimizer());
  }

  private static TrainingCore.Choice optimized(TrainingCore.Choice c, OptimizerSettings optimizer) {
    return new TrainingCore.Choice(
        c.freezeVision(), c.precision(), c.checkpointActivations(), c.lora(), optimizer);
  }

  private static String line(String name, long bytes) {
    return String.format(Locale.ROOT, "%-34s %10s", name, size(bytes));
  }

  /** Bytes for a person. */
  public static String size(long bytes) {
    return bytes < 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
        : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
  }

  /** The same for programs. */
  public ObjectNode json() {
    ObjectNode root = new ObjectMapper().createObjectNode();
    Load load = plan.load();
    root.put("parameters", plan.parameters());
    root.putObject("assumed")
        .put("prompt_tokens", load.promptTokens())
        .put("response_tokens", load.responseTokens())
        .put("patches", load.patches())
        .put("rows_per_micro_batch", load.rows());
    for (Role role : plan.roles()) {
      ObjectNode node = root.withArray("roles").addObject();
      node.put("role", role.name()).put("copies", role.copies()).put("device", role.device());
      node.put("bytes", role.bytes());
      role.parts().forEach(node.putObject("parts")::put);
    }
    root.put("process_bytes", plan.hostBytes());
    root.put("push_bytes", plan.pushBytes());
    root.put("disk_published_bytes", plan.publishedBytes());
    root.put("disk_checkpoint_bytes", plan.checkpointBytes());
    root.put("concurrent_sequences", load.sequences());
    root.put("sequence_cache_bytes", plan.sequenceBytes());
    for (Place place : places()) {
      root.withArray("places")
          .addObject()
          .put("place", place.name())
          .put("bytes", place.needed())
          .put("has_bytes", place.has())
          .put("fits", place.fits());
    }
    root.put("fits", fits());
    alternatives().forEach(root.putObject("learner_otherwise_bytes")::put);
    return root;
  }
}
