package krites.model.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.model.safetensors.CheckpointException;
import krites.model.tokenizer.TokenizerParts.Merge;

/**
 * The files of a model directory that make its tokenizer: {@code tokenizer.json}, or else {@code
 * vocab.json} and {@code merges.txt} with the added tokens of {@code tokenizer_config.json}.
 *
 * <p>No file is read that is larger than any known one by far.
 */
final class TokenizerFiles {
  static final String WHOLE = "tokenizer.json";
  static final String VOCABULARY = "vocab.json";
  static final String MERGES = "merges.txt";
  static final String CONFIG = "tokenizer_config.json";

  /** Bytes; the published files have 7 MB, those of the largest vocabularies known about 35. */
  private static final long LARGEST = 64L << 20;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private TokenizerFiles() {}

  /**
   * Reads the tokenizer of a directory.
   *
   * @throws CheckpointException if a file is missing, too large, malformed, or contradicts another
   */
  static TokenizerParts read(Path directory) {
    Path whole = directory.resolve(WHOLE);
    if (Files.exists(whole)) {
      TokenizerParts parts = TokenizerJson.parse(bytes(whole), whole);
      if (Files.exists(directory.resolve(CONFIG))) {
        requireSameAdded(parts, whole, directory.resolve(CONFIG));
      }
      return parts;
    }
    return readVocabularyAndMerges(directory);
  }

  /** The added tokens, where they can be had before anything large is read. */
  static Optional<List<AddedToken>> addedAtFirst(Path directory) {
    Path whole = directory.resolve(WHOLE);
    if (Files.exists(whole)) {
      return TokenizerJson.addedAtFirst(bytes(whole), whole);
    }
    Path config = directory.resolve(CONFIG);
    return Files.exists(config) ? Optional.of(added(config)) : Optional.empty();
  }

  /** The form without {@code tokenizer.json}, whether there is one or not. */
  static TokenizerParts readVocabularyAndMerges(Path directory) {
    Path vocabulary = directory.resolve(VOCABULARY);
    Path merges = directory.resolve(MERGES);
    Path config = directory.resolve(CONFIG);
    if (!Files.exists(vocabulary) && !Files.exists(merges)) {
      throw CheckpointException.mismatch(
          directory, "tokenizer", WHOLE + ", or " + VOCABULARY + " and " + MERGES, "neither");
    }
    return TokenizerParts.of(
        new TokenizerParts.Source(vocabulary, merges, config),
        vocabulary(vocabulary),
        merges(merges),
        added(config));
  }

  /**
   * The library would take the added tokens of the one file, transformers those of both; they are
   * the same in a directory in order.
   */
  private static void requireSameAdded(TokenizerParts parts, Path whole, Path config) {
    Map<Integer, AddedToken> known = new HashMap<>();
    parts.added().forEach(token -> known.put(token.id(), token));
    for (AddedToken token : added(config)) {
      AddedToken same = known.get(token.id());
      if (same == null
          || !same.content().equals(token.content())
          || same.special() != token.special()) {
        throw CheckpointException.mismatch(
            config,
            "added_tokens_decoder." + token.id(),
            same == null ? "a token of " + whole.getFileName() : shown(same),
            shown(token));
      }
    }
  }

  private static String shown(AddedToken token) {
    return (token.special() ? "special " : "") + Texts.shown(token.content());
  }

  private static Map<String, Integer> vocabulary(Path file) {
    Map<String, Integer> base = new HashMap<>();
    try (JsonParser parser = new JsonFactory().createParser(bytes(file))) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw CheckpointException.mismatch(file, "file", "a JSON object", "something else");
      }
      vocabulary(parser, file, "vocabulary", base);
      if (parser.nextToken() != null) {
        throw CheckpointException.mismatch(file, "file", "one JSON object", "more after it");
      }
    } catch (JsonProcessingException e) {
      throw CheckpointException.mismatch(file, "file", "valid JSON", jsonTrouble(e));
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    }
    return base;
  }

  /** Reads the fields of an object of token to id, whose beginning has been read. */
  static void vocabulary(JsonParser parser, Path file, String place, Map<String, Integer> base)
      throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String token = parser.currentName();
      if (parser.nextToken() != JsonToken.VALUE_NUMBER_INT) {
        throw CheckpointException.mismatch(
            file,
            place + "." + Texts.shown(token),
            "a whole number",
            Texts.shown(parser.getText()));
      }
      if (base.put(token, parser.getIntValue()) != null) {
        throw CheckpointException.mismatch(
            file, place + "." + Texts.shown(token), "one of its kind", "two");
      }
    }
  }

  /**
   * Lines of two tokens with a space between. Blank lines and a first line that begins with {@code
   * #version} say nothing, as in the reader of transformers.
   */
  private static List<Merge> merges(Path file) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(file))).toString();
    } catch (CharacterCodingException e) {
      throw CheckpointException.mismatch(file, "file", "UTF-8 text", "other bytes");
    }
    List<Merge> merges = new ArrayList<>();
    int number = 0;
    for (String line : (Iterable<String>) text.lines()::iterator) {
      number++;
      String merge = line.strip();
      if (!merge.isEmpty() && !(number == 1 && merge.startsWith("#version"))) {
        merges.add(merge(merge, file, "line " + number));
      }
    }
    return merges;
  }

  /** A merge as one text. */
  static Merge merge(String text, Path file, String place) {
    int space = text.indexOf(' ');
    if (space < 1 || space == text.length() - 1 || text.indexOf(' ', space + 1) >= 0) {
      throw CheckpointException.mismatch(
          file, place, "two tokens with a space between", Texts.shown(text));
    }
    return new Merge(text.substring(0, space), text.substring(space + 1));
  }

  /** The added tokens that {@code tokenizer_config.json} lists by id; none if it lists none. */
  private static List<AddedToken> added(Path config) {
    JsonNode list = tree(config).path("added_tokens_decoder");
    if (!list.isObject() && !list.isMissingNode()) {
      throw CheckpointException.mismatch(
          config, "added_tokens_decoder", "an object", Texts.shown(list.toString()));
    }
    List<AddedToken> added = new ArrayList<>();
    list.properties()
        .forEach(
            entry -> {
              String place = "added_tokens_decoder." + Texts.shown(entry.getKey());
              if (!entry.getKey().matches("[0-9]{1,9}")) {
                throw CheckpointException.mismatch(config, place, "an id as the name", "none");
              }
              added.add(
                  AddedToken.parse(
                      Integer.parseInt(entry.getKey()), entry.getValue(), config, place));
            });
    return added;
  }

  /** A file of JSON as an object. */
  static JsonNode tree(Path file) {
    try {
      JsonNode root = JSON.readTree(bytes(file));
      if (!root.isObject()) {
        throw CheckpointException.mismatch(file, "file", "a JSON object", "something else");
      }
      return root;
    } catch (JsonProcessingException e) {
      throw CheckpointException.mismatch(file, "file", "valid JSON", jsonTrouble(e));
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** What is wrong with a JSON text, and in which line. */
  static String jsonTrouble(JsonProcessingException e) {
    String what = Texts.shown(e.getOriginalMessage().lines().findFirst().orElse("malformed"));
    return e.getLocation() == null ? what : "line " + e.getLocation().getLineNr() + ": " + what;
  }

  /** All bytes of a file. */
  static byte[] bytes(Path file) {
    if (!Files.isRegularFile(file)) {
      throw CheckpointException.mismatch(file, "file", "a part of a tokenizer", "no such file");
    }
    try {
      long size = Files.size(file);
      if (size > LARGEST) {
        throw CheckpointException.mismatch(
            file, "size", "at most " + LARGEST + " bytes", Long.toString(size));
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
