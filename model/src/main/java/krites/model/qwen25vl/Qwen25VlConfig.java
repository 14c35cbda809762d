package krites.model.qwen25vl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import krites.model.safetensors.CheckpointException;

/**
 * The architecture as {@code config.json} of a Qwen2.5-VL checkpoint states it.
 *
 * @param ropeSections frequencies taken by the temporal, height and width axis; their sum is half
 *     of a head
 * @param maxPositions tokens of prompt and response together that the model is made for
 * @param stopTokens {@code eos_token_id} of the file; generation settings may name more
 */
public record Qwen25VlConfig(
    int vocabulary,
    int hidden,
    int intermediate,
    int layers,
    int heads,
    int keyValueHeads,
    int headSize,
    double normEpsilon,
    double ropeTheta,
    List<Integer> ropeSections,
    boolean tiedHead,
    int imageToken,
    int visionStartToken,
    int visionEndToken,
    int videoToken,
    List<Integer> stopTokens,
    int maxPositions,
    Vision vision) {

  /** What transformers takes when the file is silent ({@code configuration_qwen2_5_vl.py}). */
  private static final int DEFAULT_MAX_POSITIONS = 32768;

  /** The vision tower: {@code vision_config}. Sizes in channels; {@code window} in pixels. */
  public record Vision(
      int depth,
      int hidden,
      int intermediate,
      int heads,
      int channels,
      int outHidden,
      int patch,
      int temporalPatch,
      int merge,
      int window,
      List<Integer> fullAttentionBlocks) {
    public Vision {
      fullAttentionBlocks = List.copyOf(fullAttentionBlocks);
      if (heads < 1 || hidden % heads != 0 || (hidden / heads) % 4 != 0) {
        throw new IllegalArgumentException(
            "vision hidden_size "
                + hidden
                + " must be num_heads "
                + heads
                + " times a multiple of 4");
      }
    }

    public int headSize() {
      return hidden / heads;
    }

    /** Values of one flattened patch: channels x frames x rows x columns. */
    public int patchValues() {
      return channels * temporalPatch * patch * patch;
    }

    /** Patches that one merged token is made of. */
    public int mergedPatches() {
      return merge * merge;
    }
  }

  public Qwen25VlConfig {
    ropeSections = List.copyOf(ropeSections);
    stopTokens = List.copyOf(stopTokens);
    if (heads < 1 || keyValueHeads < 1 || heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "num_attention_heads "
              + heads
              + " must be a multiple of num_key_value_heads "
              + keyValueHeads);
    }
    int sections = ropeSections.stream().mapToInt(Integer::intValue).sum();
    if (ropeSections.size() != 3 || sections * 2 != headSize) {
      throw new IllegalArgumentException(
          "mrope_section "
              + ropeSections
              + " must be three numbers that sum to half of the head size "
              + headSize);
    }
    if (vision.outHidden() != hidden) {
      throw new IllegalArgumentException(
          "vision out_hidden_size " + vision.outHidden() + " must equal hidden_size " + hidden);
    }
  }

  /**
   * Reads {@code config.json} of a model directory.
   *
   * @throws CheckpointException if it is missing, malformed, of another architecture, or
   *     contradicts itself
   */
  public static Qwen25VlConfig load(Path directory) {
    Path file = directory.resolve("config.json");
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException(file + ": no such file; a model directory needs a config.json");
    }
    try {
      return new Reader(file, new ObjectMapper().readTree(Files.readString(file))).config();
    } catch (JsonProcessingException e) {
      throw new CheckpointException(
          file
              + ": line "
              + e.getLocation().getLineNr()
              + ": not valid JSON: "
              + e.getOriginalMessage(),
          e);
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(file + ": " + e.getMessage(), e);
    }
  }

  private static final String ARCHITECTURE = "Qwen2_5_VLForConditionalGeneration";

  private record Reader(Path file, JsonNode root) {
    Qwen25VlConfig config() {
      String type = root.path("model_type").asText("");
      if (!type.equals("qwen2_5_vl")) {
        throw new CheckpointException(
            file
                + ": model_type is '"
                + type
                + "', expected 'qwen2_5_vl' (the architecture that Krites runs)");
      }
      JsonNode architectures = root.path("architectures");
      if (!architectures.isMissingNode() && !texts(architectures).contains(ARCHITECTURE)) {
        throw new CheckpointException(
            file
                + ": architectures is "
                + architectures
                + ", expected [\""
                + ARCHITECTURE
                + "\"] (the architecture that Krites runs)");
      }
      JsonNode text = root.has("text_config") ? root.get("text_config") : root;
      JsonNode see = root.path("vision_config");
      if (!see.isObject()) {
        throw new CheckpointException(file + ": vision_config is missing");
      }
      int hidden = whole(text, "hidden_size").orElseThrow();
      int heads = whole(text, "num_attention_heads").orElseThrow();
      Vision vision =
          new Vision(
              whole(see, "depth").orElseThrow(),
              whole(see, "hidden_size").orElseThrow(),
              whole(see, "intermediate_size").orElseThrow(),
              whole(see, "num_heads").orElseThrow(),
              see.has("in_chans") ? see.get("in_chans").asInt() : see.path("in_channels").asInt(3),
              whole(see, "out_hidden_size").orElseThrow(),
              see.path("patch_size").asInt(14),
              see.path("temporal_patch_size").asInt(2),
              see.path("spatial_merge_size").asInt(2),
              see.path("window_size").asInt(112),
              numbers(see.path("fullatt_block_indexes")));
      return new Qwen25VlConfig(
          whole(text, "vocab_size").orElseThrow(),
          hidden,
          whole(text, "intermediate_size").orElseThrow(),
          whole(text, "num_hidden_layers").orElseThrow(),
          heads,
          whole(text, "num_key_value_heads").orElseThrow(),
          text.has("head_dim") ? text.get("head_dim").asInt() : hidden / Math.max(1, heads),
          real(text, "rms_norm_eps").orElse(1e-6),
          real(text, "rope_theta").orElse(1e6),
          numbers(text.path("rope_scaling").path("mrope_section")),
          root.path("tie_word_embeddings")
              .asBoolean(text.path("tie_word_embeddings").asBoolean(false)),
          whole(root, "image_token_id").orElseThrow(),
          whole(root, "vision_start_token_id").orElseThrow(),
          whole(root, "vision_end_token_id").orElseThrow(),
          root.path("video_token_id").asInt(-1),
          numbers(root.has("eos_token_id") ? root.get("eos_token_id") : text.path("eos_token_id")),
          text.has("max_position_embeddings")
              ? whole(text, "max_position_embeddings").orElseThrow()
              : DEFAULT_MAX_POSITIONS,
          vision);
    }

    private static List<String> texts(JsonNode node) {
      List<String> found = new ArrayList<>();
      node.forEach(item -> found.add(item.asText()));
      return found;
    }

    private OptionalInt whole(JsonNode node, String key) {
      JsonNode value = node.path(key);
      if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 0) {
        throw new CheckpointException(
            file
                + ": "
                + key
                + " must be a whole number, found "
                + (value.isMissingNode() ? "nothing" : value));
      }
      return OptionalInt.of(value.asInt());
    }

    private OptionalDouble real(JsonNode node, String key) {
      JsonNode value = node.path(key);
      return value.isNumber() ? OptionalDouble.of(value.asDouble()) : OptionalDouble.empty();
    }

    private static List<Integer> numbers(JsonNode node) {
      List<Integer> found = new ArrayList<>();
      if (node.isNumber()) {
        found.add(node.asInt());
      }
      node.forEach(item -> found.add(item.asInt()));
      return found;
    }
  }
}
