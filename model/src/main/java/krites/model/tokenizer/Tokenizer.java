package krites.model.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.CheckpointException;

/**
 * The tokenizer of a model directory, run by the library that defines the format.
 *
 * <p>Needs no network: the native library comes with its jar. Safe for use by several threads.
 */
public final class Tokenizer implements AutoCloseable {
  private static final char REPLACEMENT = '\uFFFD';

  /** Nothing is added, cut or padded: ids are those of the text and no others. */
  private static final Map<String, String> AS_IS =
      Map.of("addSpecialTokens", "false", "truncation", "do_not_truncate", "padding", "do_not_pad");

  static {
    // On a machine with a GPU the library would look for a CUDA build of itself in the network; and
    // it would
    // report its use. Neither is wanted. What the user has set stays.
    setIfAbsent("RUST_FLAVOR", "cpu");
    setIfAbsent("OPT_OUT_TRACKING", "true");
  }

  private final HuggingFaceTokenizer library;
  private final Vocabulary vocabulary;

  private Tokenizer(HuggingFaceTokenizer library, Vocabulary vocabulary) {
    this.library = library;
    this.vocabulary = vocabulary;
  }

  /**
   * Reads {@code tokenizer.json}, or, where there is none, {@code vocab.json}, {@code merges.txt}
   * and the added tokens of {@code tokenizer_config.json}.
   *
   * @throws CheckpointException if a file is missing, or is not the tokenizer of a model of the
   *     Qwen2 family
   */
  public static Tokenizer load(Path modelDirectory) {
    TokenizerParts parts = TokenizerFiles.read(modelDirectory);
    InputStream json = new ByteArrayInputStream(parts.json());
    try {
      return new Tokenizer(HuggingFaceTokenizer.newInstance(json, AS_IS), new Vocabulary(parts));
    } catch (IOException | RuntimeException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new CheckpointException(modelDirectory + ": expected a tokenizer, seen: " + reason, e);
    }
  }

  private static void setIfAbsent(String name, String value) {
    if (System.getenv(name) == null && System.getProperty(name) == null) {
      System.setProperty(name, value);
    }
  }

  /**
   * The ids of a text. Added tokens such as {@code <|im_end|>} are recognised in it; none is added.
   * Half of a surrogate pair counts as the replacement character.
   */
  public int[] encode(String text) {
    if (text.isEmpty()) {
      return new int[0];
    }
    long[] ids = library.encode(wellFormed(text), false, false).getIds();
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
  }

  /**
   * The text of some ids. Bytes that do not make a whole character become the replacement
   * character; ids without a token (the embedding of the published models has more rows than
   * tokens) are left out.
   *
   * @param skipSpecial whether to leave out tokens marked as special, such as {@code <|im_end|>}
   */
  public String decode(int[] ids, boolean skipSpecial) {
    long[] known = Arrays.stream(ids).filter(vocabulary::contains).asLongStream().toArray();
    return known.length == 0 ? "" : library.decode(known, skipSpecial);
  }

  /**
   * A decoder for ids that come one by one.
   *
   * @param skipSpecial whether to leave out tokens marked as special
   */
  public StreamingDecoder streaming(boolean skipSpecial) {
    return new StreamingDecoder(vocabulary, skipSpecial);
  }

  /**
   * The id of a token as it stands in the vocabulary; a base token is written in its byte letters.
   */
  public OptionalInt idOf(String token) {
    return vocabulary.idOf(token);
  }

  /**
   * The id of a token that the model must have.
   *
   * @throws CheckpointException if the vocabulary does not have it
   */
  public int requireId(String token) {
    return idOf(token)
        .orElseThrow(
            () ->
                new CheckpointException(
                    "tokenizer: expected the token " + token + ", seen no such token"));
  }

  /**
   * Refuses a model that was trained with another tokenizer: the ids that its {@code config.json}
   * gives to special tokens must be those of this vocabulary, and every id must have an embedding.
   *
   * @throws CheckpointException if they do not agree; one line that names the token
   */
  public void requireFits(Qwen25VlConfig config, StopTokens stops, Path modelDirectory) {
    if (size() > config.vocabulary()) {
      throw CheckpointException.mismatch(
          modelDirectory,
          "tokenizer of another model",
          "ids below vocab_size " + config.vocabulary() + " of config.json",
          size() + " tokens");
    }
    requireSame(modelDirectory, "image_token_id", ChatTemplate.IMAGE_PAD, config.imageToken());
    requireSame(
        modelDirectory,
        "vision_start_token_id",
        ChatTemplate.VISION_START,
        config.visionStartToken());
    requireSame(
        modelDirectory, "vision_end_token_id", ChatTemplate.VISION_END, config.visionEndToken());
    if (config.videoToken() >= 0) {
      requireSame(modelDirectory, "video_token_id", ChatTemplate.VIDEO_PAD, config.videoToken());
    }
    for (int stop : stops.ids()) {
      if (!vocabulary.isSpecial(stop)) {
        throw CheckpointException.mismatch(
            modelDirectory,
            "tokenizer of another model",
            "a special token for eos_token_id " + stop,
            vocabulary.contains(stop) ? Texts.shown(tokenOf(stop)) : "no token of that id");
      }
    }
  }

  private void requireSame(Path modelDirectory, String key, String token, int id) {
    OptionalInt seen = idOf(token);
    if (seen.isEmpty() || seen.getAsInt() != id) {
      throw CheckpointException.mismatch(
          modelDirectory,
          "tokenizer of another model",
          token + " at " + key + " " + id + " of config.json",
          seen.isEmpty() ? "no such token" : "it at " + seen.getAsInt());
    }
  }

  /** The token of an id as it stands in the vocabulary; empty if there is none. */
  public String tokenOf(int id) {
    return vocabulary.tokenOf(id);
  }

  /** The largest id that has a token, plus one; the model's logits may go beyond. */
  public int size() {
    return vocabulary.size();
  }

  private static String wellFormed(String text) {
    if (Texts.isWellFormed(text)) {
      return text;
    }
    StringBuilder repaired = new StringBuilder(text);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        repaired.setCharAt(i, REPLACEMENT);
      }
    }
    return repaired.toString();
  }

  /** Frees the native memory; the tokenizer is of no use afterwards. */
  @Override
  public void close() {
    library.close();
  }
}
