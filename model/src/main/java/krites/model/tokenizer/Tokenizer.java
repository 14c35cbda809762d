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
    return of(TokenizerFiles.read(modelDirectory), modelDirectory);
  }

  /**
   * Reads the tokenizer's files and refuses what {@link #load} would, and that of another model:
   * the ids that {@code config.json} gives to special tokens must be those of the vocabulary, and
   * every id must have an embedding. The native library, which takes as long again, is not asked.
   *
   * @throws CheckpointException one line that names file and token
   */
  public static void check(Path modelDirectory, Qwen25VlConfig config, StopTokens stops) {
    TokenizerFit fit = new TokenizerFit(modelDirectory, config, stops);
    // The added tokens stand before the large vocabulary: another model's are found at once.
    TokenizerFiles.addedAtFirst(modelDirectory).ifPresent(fit::requireSpecial);
    TokenizerParts parts = TokenizerFiles.read(modelDirectory);
    fit.requireSpecial(parts.added());
    fit.requireSize(parts.size());
  }

  /**
   * As {@link #load}, from {@code vocab.json} and {@code merges.txt} even where there is a {@code
   * tokenizer.json}.
   */
  public static Tokenizer loadVocabularyAndMerges(Path modelDirectory) {
    return of(TokenizerFiles.readVocabularyAndMerges(modelDirectory), modelDirectory);
  }

  private static Tokenizer of(TokenizerParts parts, Path modelDirectory) {
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
