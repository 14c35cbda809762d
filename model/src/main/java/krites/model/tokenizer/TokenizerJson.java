package krites.model.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.model.safetensors.CheckpointException;
import krites.model.tokenizer.TokenizerParts.Merge;

/**
 * Reads a {@code tokenizer.json} of the Qwen2 family, and refuses those of others: what is written
 * there beside vocabulary, merges and added tokens must say what {@link TokenizerParts} takes for
 * granted.
 *
 * <p>Not read: {@code truncation}, {@code padding} and {@code post_processor}, since ids here are
 * those of the text and no others.
 */
final class TokenizerJson {
  private static final JsonFactory JSON = new JsonFactory().setCodec(new ObjectMapper());

  private final Path file;
  private final Map<String, Integer> base = new HashMap<>();
  private final List<Merge> merges = new ArrayList<>();
  private final List<AddedToken> added = new ArrayList<>();
  private final List<String> seen = new ArrayList<>();

  private TokenizerJson(Path file) {
    this.file = file;
  }

  /**
   * The parts of a tokenizer.
   *
   * @param file for messages
   * @throws CheckpointException if the bytes are no tokenizer of the family
   */
  static TokenizerParts parse(byte[] json, Path file) {
    TokenizerJson reader = new TokenizerJson(file);
    try (JsonParser parser = JSON.createParser(json)) {
      reader.root(parser);
    } catch (JsonProcessingException e) {
      throw CheckpointException.mismatch(file, "file", "valid JSON", TokenizerFiles.jsonTrouble(e));
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    }
    for (String part : List.of("normalizer", "pre_tokenizer", "decoder", "model")) {
      if (!reader.seen.contains(part)) {
        throw CheckpointException.mismatch(file, part, "an object", "nothing");
      }
    }
    return TokenizerParts.of(
        TokenizerParts.Source.of(file), reader.base, reader.merges, reader.added);
  }

  /** The added tokens, if they stand before the model, as in published files. */
  static Optional<List<AddedToken>> addedAtFirst(byte[] json, Path file) {
    TokenizerJson reader = new TokenizerJson(file);
    try (JsonParser parser = JSON.createParser(json)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME && !parser.currentName().equals("model")) {
        String field = parser.currentName();
        parser.nextToken();
        if (field.equals("added_tokens")) {
          reader.addedTokens(parser.readValueAsTree());
          return Optional.of(reader.added);
        }
        parser.skipChildren();
      }
    } catch (IOException e) {
      return Optional.empty(); // the full reading says what is wrong
    }
    return Optional.empty();
  }

  private void root(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw CheckpointException.mismatch(file, "file", "a JSON object", "something else");
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      require(!seen.contains(field), field, "one of its kind", "two");
      seen.add(field);
      JsonToken value = parser.nextToken();
      switch (field) {
        case "added_tokens" -> addedTokens(parser.readValueAsTree());
        case "normalizer" -> normalizer(parser.readValueAsTree());
        case "pre_tokenizer" -> preTokenizer(parser.readValueAsTree());
        case "decoder" -> byteLevel(field, parser.readValueAsTree());
        case "model" -> {
          require(value == JsonToken.START_OBJECT, field, "an object", value.toString());
          model(parser);
        }
        default -> parser.skipChildren();
      }
    }
    require(parser.nextToken() == null, "file", "one JSON object", "more after it");
  }

  private void addedTokens(JsonNode list) {
    require(list.isArray(), "added_tokens", "a list", list.toString());
    for (int i = 0; i < list.size(); i++) {
      String place = "added_tokens[" + i + "]";
      JsonNode id = list.get(i).path("id");
      require(id.isInt(), place, "an object with the number 'id'", list.get(i).toString());
      added.add(AddedToken.parse(id.intValue(), list.get(i), file, place));
    }
  }

  private void normalizer(JsonNode node) {
    require(node.path("type").asText().equals("NFC"), "normalizer", "NFC", node.toString());
  }

  private void preTokenizer(JsonNode node) {
    JsonNode steps = node.path("pretokenizers");
    require(
        node.path("type").asText().equals("Sequence") && steps.size() == 2,
        "pre_tokenizer",
        "a sequence of Split and ByteLevel",
        node.toString());
    JsonNode split = steps.get(0);
    require(
        split.path("type").asText().equals("Split")
            && split.path("pattern").path("Regex").asText().equals(TokenizerParts.SPLIT)
            && split.path("behavior").asText().equals("Isolated")
            && !split.path("invert").asBoolean(),
        "pre_tokenizer.pretokenizers[0]",
        "the split pattern of Qwen2",
        split.toString());
    byteLevel("pre_tokenizer.pretokenizers[1]", steps.get(1));
    require(
        !steps.get(1).path("add_prefix_space").asBoolean(true)
            && !steps.get(1).path("use_regex").asBoolean(true),
        "pre_tokenizer.pretokenizers[1]",
        "neither prefix space nor regex",
        steps.get(1).toString());
  }

  private void byteLevel(String place, JsonNode node) {
    require(node.path("type").asText().equals("ByteLevel"), place, "ByteLevel", node.toString());
  }

  private void model(JsonParser parser) throws IOException {
    List<String> fields = new ArrayList<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      require(!fields.contains(field), "model." + field, "one of its kind", "two");
      fields.add(field);
      JsonToken value = parser.nextToken();
      switch (field) {
        case "vocab" -> {
          require(value == JsonToken.START_OBJECT, "model.vocab", "an object", value.toString());
          TokenizerFiles.vocabulary(parser, file, "model.vocab", base);
        }
        case "merges" -> {
          require(value == JsonToken.START_ARRAY, "model.merges", "a list", value.toString());
          merges(parser);
        }
        default -> modelSetting(field, parser.readValueAsTree());
      }
    }
    for (String field : List.of("type", "vocab", "merges")) {
      require(fields.contains(field), "model." + field, "a value", "nothing");
    }
  }

  private void modelSetting(String field, JsonNode value) {
    boolean nothing = value.isNull() || value.asText().isEmpty();
    boolean off = nothing || value.isBoolean() && !value.booleanValue();
    boolean fits =
        switch (field) {
          case "type" -> value.asText().equals("BPE");
          case "continuing_subword_prefix", "end_of_word_suffix" -> nothing;
          case "dropout" -> nothing || value.isNumber() && value.doubleValue() == 0;
          case "byte_fallback", "ignore_merges" -> off;
          // Of no effect where every byte has a token.
          case "unk_token", "fuse_unk" -> true;
          default -> false;
        };
    require(fits, "model." + field, "what Qwen2 has", value.toString());
  }

  /** Pairs are texts with a space between in older files, lists of two in newer ones. */
  private void merges(JsonParser parser) throws IOException {
    for (JsonToken next = parser.nextToken();
        next != JsonToken.END_ARRAY;
        next = parser.nextToken()) {
      String place = "model.merges[" + merges.size() + "]";
      if (next == JsonToken.VALUE_STRING) {
        merges.add(TokenizerFiles.merge(parser.getText(), file, place));
      } else {
        JsonNode pair = parser.readValueAsTree();
        require(
            pair.isArray()
                && pair.size() == 2
                && pair.get(0).isTextual()
                && pair.get(1).isTextual(),
            place,
            "a pair of tokens",
            pair.toString());
        merges.add(new Merge(pair.get(0).textValue(), pair.get(1).textValue()));
      }
    }
  }

  private void require(boolean holds, String place, String expected, String seen) {
    if (!holds) {
      throw CheckpointException.mismatch(file, place, expected, Texts.shown(seen));
    }
  }
}
