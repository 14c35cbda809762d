package krites.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import krites.app.config.SftConfig;
import krites.data.shapes.ShapesTokenizer;

/**
 * Writes the files that describe a model of the built-in world, in the layout of Qwen2.5-VL: all
 * but its weights.
 */
final class BaseModelFiles {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final int PATCH = 14;
  private static final int MERGE = 2;

  private BaseModelFiles() {}

  /**
   * Writes into an existing directory.
   *
   * @param instruction the last line of prompts; its words become tokens
   */
  static void write(Path directory, SftConfig.Network network, String instruction)
      throws IOException {
    ShapesTokenizer tokenizer = ShapesTokenizer.of(instruction);
    tokenizer.write(directory);
    Files.writeString(
        directory.resolve("config.json"),
        MAPPER.writeValueAsString(config(network, tokenizer)) + "\n");
  }

  private static ObjectNode config(SftConfig.Network network, ShapesTokenizer tokenizer) {
    ObjectNode root = MAPPER.createObjectNode();
    root.putArray("architectures").add("Qwen2_5_VLForConditionalGeneration");
    root.put("model_type", "qwen2_5_vl");
    root.put("attention_dropout", 0.0);
    root.put("bos_token_id", tokenizer.addedToken("<|endoftext|>"));
    root.put("eos_token_id", tokenizer.addedToken("<|im_end|>"));
    root.put("vision_start_token_id", tokenizer.addedToken("<|vision_start|>"));
    root.put("vision_end_token_id", tokenizer.addedToken("<|vision_end|>"));
    root.put("vision_token_id", tokenizer.addedToken("<|vision_pad|>"));
    root.put("image_token_id", tokenizer.addedToken("<|image_pad|>"));
    root.put("video_token_id", tokenizer.addedToken("<|video_pad|>"));
    root.put("hidden_act", "silu");
    root.put("hidden_size", network.hidden());
    root.put("intermediate_size", network.intermediate());
    root.put("max_position_embeddings", 4096);
    root.put("num_attention_heads", network.heads());
    root.put("num_hidden_layers", network.layers());
    root.put("num_key_value_heads", network.kvHeads());
    root.put("rms_norm_eps", 1e-6);
    root.put("rope_theta", network.ropeTheta());
    ObjectNode scaling = root.putObject("rope_scaling").put("type", "mrope");
    network.ropeSections().forEach(scaling.putArray("mrope_section")::add);
    root.put("tie_word_embeddings", true);
    root.put("use_sliding_window", false);
    root.put("vocab_size", tokenizer.paddedVocabularySize());
    addVision(root.putObject("vision_config"), network);
    return root;
  }

  private static void addVision(ObjectNode vision, SftConfig.Network network) {
    vision.put("depth", network.visionDepth());
    vision.put("hidden_act", "silu");
    vision.put("hidden_size", network.visionHidden());
    vision.put("intermediate_size", network.visionIntermediate());
    vision.put("num_heads", network.visionHeads());
    vision.put("in_chans", 3);
    vision.put("out_hidden_size", network.hidden());
    vision.put("patch_size", PATCH);
    vision.put("spatial_patch_size", PATCH);
    vision.put("spatial_merge_size", MERGE);
    vision.put("temporal_patch_size", 2);
    vision.put("tokens_per_second", 2);
    vision.put("window_size", network.visionWindow());
    network.visionFullBlocks().forEach(vision.putArray("fullatt_block_indexes")::add);
  }
}
