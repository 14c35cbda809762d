package krites.model.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import krites.model.safetensors.CheckpointException;

/**
 * What makes a tokenizer of the Qwen2 family: a byte-level vocabulary, its merges and its added
 * tokens. The rest is the same for all of them: NFC, the split pattern, no word marks.
 *
 * <p>The parts agree with each other, whatever files they came from, and the native library is
 * given {@link #json} and never a stranger's file: what it would take in another sense, or not
 * survive, does not reach it.
 *
 * @param base token to id; the ids are 0 to n - 1, and the 256 bytes are among the tokens
 * @param merges in order of rank, of tokens to a token
 * @param added by id; the ids follow the base vocabulary without gap, since the library numbers
 *     them so
 */
record TokenizerParts(Map<String, Integer> base, List<Merge> merges, List<AddedToken> added) {
  /** How text is split before merging, in the published {@code tokenizer.json} of Qwen2.5-VL. */
  static final String SPLIT =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  /** Two tokens that become one. */
  record Merge(String left, String right) {}

  /**
   * The files that the parts came from, for messages.
   *
   * @param base where the vocabulary stands
   * @param merges where the merges stand
   * @param added where the added tokens stand
   */
  record Source(Path base, Path merges, Path added) {
    static Source of(Path file) {
      return new Source(file, file, file);
    }
  }

  TokenizerParts {
    added = List.copyOf(added);
  }

  /**
   * The parts, after a look at whether they agree.
   *
   * @throws CheckpointException if they do not; the message names the file and the token
   */
  static TokenizerParts of(
      Source source, Map<String, Integer> base, List<Merge> merges, List<AddedToken> added) {
    checkBase(source.base(), base);
    checkMerges(source.merges(), base, merges);
    List<AddedToken> byId = added.stream().sorted(Comparator.comparingInt(AddedToken::id)).toList();
    checkAdded(source.added(), base, byId);
    return new TokenizerParts(base, merges, byId);
  }

  private static void checkBase(Path file, Map<String, Integer> base) {
    if (base.isEmpty()) {
      throw CheckpointException.mismatch(file, "vocabulary", "an object of token to id", "none");
    }
    boolean[] taken = new boolean[base.size()];
    base.forEach(
        (token, id) -> {
          String place = "id of token " + Texts.shown(token);
          if (id < 0 || id >= taken.length) {
            throw CheckpointException.mismatch(
                file, place, "0 to " + (taken.length - 1), Integer.toString(id));
          }
          if (taken[id]) {
            throw CheckpointException.mismatch(file, place, "ids that differ", id + " twice");
          }
          taken[id] = true;
          if (token.isEmpty() || !ByteLetters.spells(token)) {
            throw CheckpointException.mismatch(
                file, "token " + id, "the letters of bytes", Texts.shown(token));
          }
        });
    for (int value = 0; value < 256; value++) {
      if (!base.containsKey(Character.toString(ByteLetters.letterOf(value)))) {
        throw CheckpointException.mismatch(
            file, "vocabulary", "a token for each byte", "none for byte " + value);
      }
    }
  }

  private static void checkMerges(Path file, Map<String, Integer> base, List<Merge> merges) {
    for (int i = 0; i < merges.size(); i++) {
      Merge merge = merges.get(i);
      for (String token :
          List.of(merge.left(), merge.right(), merge.left().concat(merge.right()))) {
        if (!base.containsKey(token)) {
          throw CheckpointException.mismatch(
              file,
              "merge " + (i + 1) + " of " + merges.size(),
              "tokens of the vocabulary",
              Texts.shown(token));
        }
      }
    }
  }

  private static void checkAdded(Path file, Map<String, Integer> base, List<AddedToken> added) {
    Set<String> contents = new HashSet<>();
    int next = base.size();
    for (AddedToken token : added) {
      String place = "added token " + Texts.shown(token.content());
      if (!contents.add(token.content())) {
        throw CheckpointException.mismatch(file, place, "one of its kind", "two");
      }
      Integer ofBase = base.get(token.content());
      int expected = ofBase == null ? next : ofBase;
      if (token.id() != expected) {
        throw CheckpointException.mismatch(
            file, place, "id " + expected, Integer.toString(token.id()));
      }
      next += ofBase == null ? 1 : 0;
    }
  }

  /** The largest id plus one. */
  int size() {
    return added.stream().mapToInt(token -> token.id() + 1).reduce(base.size(), Math::max);
  }

  /** The same tokenizer as a {@code tokenizer.json}. */
  byte[] json() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(48 * base.size()); // as published
    try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("version", "1.0");
      writeAdded(json);
      json.writeObjectFieldStart("normalizer");
      json.writeStringField("type", "NFC");
      json.writeEndObject();
      json.writeObjectFieldStart("pre_tokenizer");
      json.writeStringField("type", "Sequence");
      json.writeArrayFieldStart("pretokenizers");
      writeSplit(json);
      json.writeStartObject();
      writeByteLevel(json);
      json.writeEndArray();
      json.writeEndObject();
      json.writeObjectFieldStart("decoder");
      writeByteLevel(json);
      writeModel(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("an array of bytes cannot be written", e);
    }
    return bytes.toByteArray();
  }

  private void writeAdded(JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("added_tokens");
    for (AddedToken token : added) {
      json.writeStartObject();
      json.writeNumberField("id", token.id());
      json.writeStringField("content", token.content());
      json.writeBooleanField("single_word", token.singleWord());
      json.writeBooleanField("lstrip", token.lstrip());
      json.writeBooleanField("rstrip", token.rstrip());
      json.writeBooleanField("normalized", token.normalized());
      json.writeBooleanField("special", token.special());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void writeSplit(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("type", "Split");
    json.writeObjectFieldStart("pattern");
    json.writeStringField("Regex", SPLIT);
    json.writeEndObject();
    json.writeStringField("behavior", "Isolated");
    json.writeBooleanField("invert", false);
    json.writeEndObject();
  }

  private static void writeByteLevel(JsonGenerator json) throws IOException {
    json.writeStringField("type", "ByteLevel");
    json.writeBooleanField("add_prefix_space", false);
    json.writeBooleanField("trim_offsets", false);
    json.writeBooleanField("use_regex", false);
    json.writeEndObject();
  }

  private void writeModel(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("model");
    json.writeStringField("type", "BPE");
    json.writeObjectFieldStart("vocab");
    for (Map.Entry<String, Integer> token : base.entrySet()) {
      json.writeNumberField(token.getKey(), token.getValue());
    }
    json.writeEndObject();
    json.writeArrayFieldStart("merges");
    for (Merge merge : merges) {
      json.writeString(merge.left() + " " + merge.right());
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
