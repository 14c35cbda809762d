package krites.model.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.SafetensorsWriter;

/**
 * A directory of adapters as peft writes it: {@value #WEIGHTS} and {@value #CONFIG}.
 *
 * <p>The configuration names its targets by a pattern, because a list of names would also mean the
 * vision tower's projections, which are called the same. Which base the adapters belong to stands
 * in a third file of ours.
 */
public final class LoraFiles {
  public static final String WEIGHTS = "adapter_model.safetensors";
  public static final String CONFIG = "adapter_config.json";

  /** Ours, beside peft's: what peft's configuration has no key for. */
  public static final String BASE = "adapter_base.json";

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private LoraFiles() {}

  /**
   * The frozen weights that adapters belong to.
   *
   * @param path model directory
   * @param digest of its files, as the writer of the adapters had them
   */
  public record Base(String path, String digest) {}

  /** Whether a directory holds adapters. */
  public static boolean isAdapter(Path directory) {
    return Files.isRegularFile(directory.resolve(CONFIG));
  }

  /** Writes adapters into an existing directory. */
  public static void write(Path directory, LoraAdapters adapters, Base base) throws IOException {
    SafetensorsWriter.write(
        directory.resolve(WEIGHTS), adapters.outgoing(), SafetensorsWriter.PYTORCH);
    writeJson(directory.resolve(CONFIG), config(adapters.layout().settings(), base.path()));
    writeJson(
        directory.resolve(BASE),
        MAPPER.createObjectNode().put("path", base.path()).put("digest", base.digest()));
  }

  private static void writeJson(Path file, ObjectNode content) throws IOException {
    Files.writeString(file, content.toPrettyString() + "\n");
  }

  /** The keys of peft's LoraConfig that say something here; the others have its defaults. */
  private static ObjectNode config(LoraSettings settings, String base) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("peft_type", "LORA");
    root.put("task_type", "CAUSAL_LM");
    root.put("base_model_name_or_path", base);
    root.put("r", settings.rank());
    if (settings.alpha() == Math.rint(settings.alpha())) {
      root.put("lora_alpha", Math.round(settings.alpha())); // vLLM declares a whole number
    } else {
      root.put("lora_alpha", settings.alpha());
    }
    root.put("lora_dropout", 0.0);
    root.put("target_modules", pattern(settings.targets()));
    root.put("bias", "none");
    root.put("fan_in_fan_out", false);
    root.put("init_lora_weights", true);
    root.put("inference_mode", true);
    root.putNull("modules_to_save");
    root.put("use_rslora", false);
    root.put("use_dora", false);
    root.putObject("rank_pattern");
    root.putObject("alpha_pattern");
    return root;
  }

  /** As peft matches it, against the whole name of a module, old or new. */
  static String pattern(List<LoraTarget> targets) {
    return targets.stream()
        .map(LoraTarget::projection)
        .collect(Collectors.joining("|", "(?:.*\\.)?layers\\.\\d+\\.(?:self_attn|mlp)\\.(?:", ")"));
  }

  /**
   * What the adapters of a directory belong to.
   *
   * @throws CheckpointException if the file is missing or malformed
   */
  public static Base base(Path directory) {
    Path file = directory.resolve(BASE);
    JsonNode root = read(file);
    if (!root.path("path").isTextual() || !root.path("digest").isTextual()) {
      throw new CheckpointException(file + ": expected path and digest of the base model");
    }
    return new Base(root.get("path").asText(), root.get("digest").asText());
  }

  /**
   * The settings of the adapters in a directory, with seed 0.
   *
   * @throws CheckpointException if the file is missing, malformed, or asks for what is not known
   *     here
   */
  public static LoraSettings settings(Path directory) {
    Path file = directory.resolve(CONFIG);
    JsonNode root = read(file);
    if (!root.path("r").isInt() || !root.path("lora_alpha").isNumber()) {
      throw new CheckpointException(file + ": expected numbers r and lora_alpha");
    }
    try {
      return new LoraSettings(
          root.get("r").asInt(),
          root.get("lora_alpha").asDouble(),
          targets(file, root.path("target_modules")),
          0);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(file + ": " + e.getMessage(), e);
    }
  }

  private static List<LoraTarget> targets(Path file, JsonNode modules) {
    List<LoraTarget> targets = new ArrayList<>();
    for (LoraTarget target : LoraTarget.values()) {
      boolean named =
          modules.isTextual()
              ? ("|" + inner(modules.asText()) + "|").contains("|" + target.projection() + "|")
              : contains(modules, target.projection());
      if (named) {
        targets.add(target);
      }
    }
    if (targets.isEmpty()) {
      throw new CheckpointException(
          file
              + ": target_modules: expected some of "
              + LoraTarget.allowed()
              + ", found "
              + modules);
    }
    return targets;
  }

  private static boolean contains(JsonNode modules, String name) {
    for (JsonNode module : modules) {
      if (module.asText().equals(name)) {
        return true;
      }
    }
    return false;
  }

  /** The alternatives in the last parentheses of a pattern that {@link #pattern} made. */
  private static String inner(String pattern) {
    int open = pattern.lastIndexOf("(?:");
    int close = pattern.lastIndexOf(')');
    return open < 0 || close < open ? "" : pattern.substring(open + 3, close);
  }

  /** Refuses a directory whose adapters are not those that the settings describe. */
  static void requireSame(Path directory, LoraSettings settings) {
    LoraSettings found = settings(directory);
    if (found.rank() != settings.rank()
        || found.alpha() != settings.alpha()
        || !found.targets().equals(settings.targets())) {
      throw new CheckpointException(
          directory.resolve(CONFIG)
              + ": expected "
              + described(settings)
              + " as configured, found "
              + described(found));
    }
  }

  private static String described(LoraSettings settings) {
    return "rank "
        + settings.rank()
        + ", alpha "
        + settings.alpha()
        + ", targets "
        + settings.targets().stream().map(LoraTarget::projection).toList();
  }

  private static JsonNode read(Path file) {
    Optional<JsonNode> root = Optional.empty();
    try {
      root = Optional.ofNullable(MAPPER.readTree(Files.readAllBytes(file)));
    } catch (JsonProcessingException e) {
      throw new CheckpointException(file + ": not valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    }
    return root.filter(JsonNode::isObject)
        .orElseThrow(() -> new CheckpointException(file + ": expected an object"));
  }
}
