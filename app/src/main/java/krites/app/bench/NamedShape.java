package krites.app.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import krites.data.shapes.ShapesTokenizer;

/**
 * Networks that are measured with random weights, by the names that people know them by.
 *
 * <p>The sizes of {@code 3B} and {@code 7B} are those of Qwen2.5-VL's config.json. Of {@code 0.5B}
 * and {@code 1.5B} there is no Qwen2.5-VL: the decoder is that of Qwen2.5, beside a small tower.
 */
enum NamedShape {
  HALF_B("0.5b", 896, 24, 14, 2, 4864, 151_936, true, false),
  ONE_AND_HALF_B("1.5b", 1536, 28, 12, 2, 8960, 151_936, true, false),
  THREE_B("3b", 2048, 36, 16, 2, 11_008, 151_936, true, true),
  SEVEN_B("7b", 3584, 28, 28, 4, 18_944, 152_064, false, true);

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final String key;
  private final int hidden;
  private final int layers;
  private final int heads;
  private final int keyValueHeads;
  private final int intermediate;
  private final int vocabulary;
  private final boolean tied;
  private final boolean fullTower;

  NamedShape(
      String key,
      int hidden,
      int layers,
      int heads,
      int keyValueHeads,
      int intermediate,
      int vocabulary,
      boolean tied,
      boolean fullTower) {
    this.key = key;
    this.hidden = hidden;
    this.layers = layers;
    this.heads = heads;
    this.keyValueHeads = keyValueHeads;
    this.intermediate = intermediate;
    this.vocabulary = vocabulary;
    this.tied = tied;
    this.fullTower = fullTower;
  }

  static Optional<NamedShape> named(String key) {
    return Arrays.stream(values()).filter(shape -> shape.key.equals(key)).findFirst();
  }

  static String names() {
    return Arrays.stream(values()).map(shape -> shape.key).collect(Collectors.joining(", "));
  }

  /**
   * Writes all of a model directory but its weights; the tokenizer is that of the built-in world,
   * whose ids are the first of the vocabulary.
   *
   * @param cut layers of the decoder; 0 for all
   */
  void describe(Path directory, int cut) throws IOException {
    ShapesTokenizer tokenizer = ShapesTokenizer.standard();
    tokenizer.write(directory);
    Files.writeString(
        directory.resolve("config.json"), JSON.writeValueAsString(config(tokenizer, cut)) + "\n");
  }

  private ObjectNode config(ShapesTokenizer tokenizer, int cut) {
    ObjectNode root = JSON.createObjectNode();
    root.putArray("architectures").add("Qwen2_5_VLForConditionalGeneration");
    root.put("model_type", "qwen2_5_vl");
    root.put("eos_token_id", tokenizer.addedToken("<|im_end|>"));
    root.put("vision_start_token_id", tokenizer.addedToken("<|vision_start|>"));
    root.put("vision_end_token_id", tokenizer.addedToken("<|vision_end|>"));
    root.put("image_token_id", tokenizer.addedToken("<|image_pad|>"));
    root.put("video_token_id", tokenizer.addedToken("<|video_pad|>"));
    root.put("hidden_size", hidden).put("intermediate_size", intermediate);
    root.put("num_attention_heads", heads).put("num_key_value_heads", keyValueHeads);
    root.put("num_hidden_layers", cut > 0 ? cut : layers);
    root.put("max_position_embeddings", 32_768);
    root.put("rms_norm_eps", 1e-6).put("rope_theta", 1e6);
    // As published for heads of 128; smaller heads share their frequencies in the same proportion.
    int part = hidden / heads / 16;
    root.putObject("rope_scaling").put("type", "mrope");
    for (int section : List.of(2 * part, 3 * part, 3 * part)) {
      root.withObject("/rope_scaling").withArray("mrope_section").add(section);
    }
    root.put("tie_word_embeddings", tied).put("vocab_size", vocabulary);
    tower(root.putObject("vision_config"));
    return root;
  }

  private void tower(ObjectNode vision) {
    vision.put("depth", fullTower ? 32 : 4).put("hidden_size", fullTower ? 1280 : 320);
    vision.put("intermediate_size", fullTower ? 3420 : 856).put("num_heads", fullTower ? 16 : 4);
    vision.put("in_chans", 3).put("out_hidden_size", hidden).put("patch_size", 14);
    vision.put("temporal_patch_size", 2).put("spatial_merge_size", 2).put("window_size", 112);
    for (int block : fullTower ? List.of(7, 15, 23, 31) : List.of(1, 3)) {
      vision.withArray("fullatt_block_indexes").add(block);
    }
  }
}
