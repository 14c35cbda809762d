package krites.data.shapes;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import krites.data.CritiquePrompt;

/**
 * The tokenizer of the built-in world and the files beside it, in the layout of the published
 * model: a byte-level BPE ({@code tokenizer.json}) in which every word of the world is one token,
 * followed by the added tokens of Qwen2.5 in their order, and the settings of tokenizer, chat,
 * generation and pictures.
 */
public final class ShapesTokenizer {
  /** The vocabulary of a network is a multiple of this. */
  private static final int PADDING = 64;

  private static final int SPECIAL_COUNT = 14;

  /** Added tokens in the order of Qwen2.5's tokenizer_config.json; the first 14 are special. */
  static final List<String> ADDED =
      List.of(
          "<|endoftext|>",
          "<|im_start|>",
          "<|im_end|>",
          "<|object_ref_start|>",
          "<|object_ref_end|>",
          "<|box_start|>",
          "<|box_end|>",
          "<|quad_start|>",
          "<|quad_end|>",
          "<|vision_start|>",
          "<|vision_end|>",
          "<|vision_pad|>",
          "<|image_pad|>",
          "<|video_pad|>",
          "<tool_call>",
          "</tool_call>",
          "<|fim_prefix|>",
          "<|fim_middle|>",
          "<|fim_suffix|>",
          "<|fim_pad|>",
          "<|repo_name|>",
          "<|file_sep|>");

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private final List<BytePairs.Merge> merges;
  private final Map<String, Integer> vocabulary;

  private ShapesTokenizer(List<BytePairs.Merge> merges) {
    this.merges = List.copyOf(merges);
    this.vocabulary = new LinkedHashMap<>();
    for (String symbol : BytePairs.byteSymbols()) {
      vocabulary.put(symbol, vocabulary.size());
    }
    for (BytePairs.Merge merge : merges) {
      vocabulary.putIfAbsent(merge.joined(), vocabulary.size());
    }
  }

  /**
   * The tokenizer whose words are those of the world and of {@link
   * CritiquePrompt#SHORT_INSTRUCTION}.
   */
  public static ShapesTokenizer standard() {
    return of(CritiquePrompt.SHORT_INSTRUCTION);
  }

  /** The tokenizer for another instruction; a function of the text alone. */
  public static ShapesTokenizer of(String instruction) {
    return new ShapesTokenizer(BytePairs.learn(BytePairs.pieces(ShapesCorpus.texts(instruction))));
  }

  /** Number of token ids, added tokens included. */
  public int vocabularySize() {
    return vocabulary.size() + ADDED.size();
  }

  /**
   * {@link #vocabularySize()} rounded up to a multiple of 64: {@code vocab_size} of a network's
   * config.json.
   */
  public int paddedVocabularySize() {
    return Math.ceilDiv(vocabularySize(), PADDING) * PADDING;
  }

  /**
   * The id of an added token such as {@code <|im_end|>} or {@code <|image_pad|>}.
   *
   * @throws IllegalArgumentException if there is no such token
   */
  public int addedToken(String content) {
    int at = ADDED.indexOf(content);
    if (at < 0) {
      throw new IllegalArgumentException("'" + content + "' is not an added token");
    }
    return vocabulary.size() + at;
  }

  /** Number of tokens of a text without added tokens; the same splitting as the file describes. */
  public int count(String text) {
    int count = 0;
    for (String piece : BytePairs.split(text)) {
      List<String> word = BytePairs.symbols(piece);
      merges.forEach(merge -> BytePairs.apply(merge, word));
      count += word.size();
    }
    return count;
  }

  /**
   * Writes tokenizer.json, tokenizer_config.json, chat_template.json, generation_config.json and
   * preprocessor_config.json into an existing directory.
   *
   * @throws IOException if a file cannot be written
   */
  public void write(Path directory) throws IOException {
    write(directory, "tokenizer.json", tokenizerJson());
    write(directory, "tokenizer_config.json", tokenizerConfig());
    write(
        directory,
        "chat_template.json",
        JSON.createObjectNode().put("chat_template", chatTemplate()));
    write(directory, "generation_config.json", generationConfig());
    write(directory, "preprocessor_config.json", preprocessorConfig());
  }

  private static void write(Path directory, String name, ObjectNode content) throws IOException {
    Files.writeString(directory.resolve(name), JSON.writeValueAsString(content) + "\n");
  }

  private ObjectNode tokenizerJson() {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    for (int i = 0; i < ADDED.size(); i++) {
      ObjectNode token = added.addObject().put("id", vocabulary.size() + i);
      describe(token, i);
    }
    root.putObject("normalizer").put("type", "NFC");
    ArrayNode steps =
        root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
    ObjectNode split = steps.addObject().put("type", "Split");
    split.putObject("pattern").put("Regex", BytePairs.SPLIT);
    split.put("behavior", "Isolated").put("invert", false);
    byteLevel(steps.addObject());
    byteLevel(root.putObject("post_processor"));
    byteLevel(root.putObject("decoder"));
    ObjectNode model = root.putObject("model").put("type", "BPE");
    model
        .putNull("dropout")
        .putNull("unk_token")
        .put("continuing_subword_prefix", "")
        .put("end_of_word_suffix", "");
    model.put("fuse_unk", false).put("byte_fallback", false);
    ObjectNode vocab = model.putObject("vocab");
    vocabulary.forEach(vocab::put);
    ArrayNode pairs = model.putArray("merges");
    merges.forEach(merge -> pairs.add(merge.left() + " " + merge.right()));
    return root;
  }

  private static void byteLevel(ObjectNode node) {
    node.put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", false);
  }

  private static void describe(ObjectNode token, int index) {
    token
        .put("content", ADDED.get(index))
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false);
    token.put("normalized", false).put("special", index < SPECIAL_COUNT);
  }

  private ObjectNode tokenizerConfig() {
    ObjectNode root =
        JSON.createObjectNode().put("add_bos_token", false).put("add_prefix_space", false);
    ObjectNode decoder = root.putObject("added_tokens_decoder");
    for (int i = 0; i < ADDED.size(); i++) {
      describe(decoder.putObject(Integer.toString(vocabulary.size() + i)), i);
    }
    ArrayNode special = root.putArray("additional_special_tokens");
    ADDED.subList(1, SPECIAL_COUNT).forEach(special::add);
    root.putNull("bos_token")
        .put("chat_template", chatTemplate())
        .put("clean_up_tokenization_spaces", false);
    root.put("eos_token", "<|im_end|>").put("errors", "replace").put("model_max_length", 4096);
    root.put("pad_token", "<|endoftext|>").put("split_special_tokens", false);
    return root.put("tokenizer_class", "Qwen2Tokenizer").putNull("unk_token");
  }

  private ObjectNode generationConfig() {
    ObjectNode root = JSON.createObjectNode();
    root.put("bos_token_id", addedToken("<|endoftext|>"))
        .put("pad_token_id", addedToken("<|endoftext|>"));
    root.put("do_sample", true);
    root.putArray("eos_token_id").add(addedToken("<|im_end|>")).add(addedToken("<|endoftext|>"));
    return root.put("repetition_penalty", 1.0).put("temperature", 1.0);
  }

  private static ObjectNode preprocessorConfig() {
    ObjectNode root = JSON.createObjectNode().put("min_pixels", 3136).put("max_pixels", 12_845_056);
    root.put("patch_size", 14).put("temporal_patch_size", 2).put("merge_size", 2);
    root.putArray("image_mean").add(0.48145466).add(0.4578275).add(0.40821073);
    root.putArray("image_std").add(0.26862954).add(0.26130258).add(0.27577711);
    return root.put("image_processor_type", "Qwen2VLImageProcessor")
        .put("processor_class", "Qwen2_5_VLProcessor");
  }

  /** Qwen2.5-VL's turns, with its default system line, for texts and pictures. */
  private static String chatTemplate() {
    List<String> parts = new ArrayList<>();
    parts.add("{% for message in messages %}");
    parts.add("{% if loop.first and message['role'] != 'system' %}");
    parts.add("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}");
    parts.add("<|im_start|>{{ message['role'] }}\n");
    parts.add("{% if message['content'] is string %}{{ message['content'] }}{% else %}");
    parts.add("{% for part in message['content'] %}");
    parts.add("{% if part['type'] == 'image' or 'image' in part or 'image_url' in part %}");
    parts.add("<|vision_start|><|image_pad|><|vision_end|>");
    parts.add(
        "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif"
            + " %}<|im_end|>\n");
    parts.add("{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
    return String.join("", parts);
  }
}
