package krites.app.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How somebody outside talks with the process of a run: files in {@code control/}.
 *
 * <p>A request {@code request-ID.json} is {@code {"key": ..., "value": ...}}, both texts; its
 * answer {@code answer-ID.json} is {@code {"accepted": true or false, "message": ...}}. Requests
 * are taken in the order of their ids. Whoever takes a request moves it into {@code taken/} first,
 * so that it is either withdrawn by its sender or taken, never both; what was refused ends in
 * {@code refused/}.
 *
 * @param path the folder
 */
record ControlFolder(Path path) {
  /** A request is one key and one value; what is longer is none. */
  private static final long MOST_BYTES = 4096;

  private static final Pattern REQUEST = Pattern.compile("request-([A-Za-z0-9-]{1,80})\\.json");
  private static final ObjectMapper MAPPER = new ObjectMapper();

  static ControlFolder of(Path runFolder) {
    return new ControlFolder(runFolder.resolve("control"));
  }

  /** What is asked for. */
  record Request(String key, String value) {}

  /** What became of it. */
  record Answer(boolean accepted, String message) {}

  Path request(String id) {
    return path.resolve("request-" + id + ".json");
  }

  Path answer(String id) {
    return path.resolve("answer-" + id + ".json");
  }

  Path taken() {
    return path.resolve("taken");
  }

  Path taken(String id) {
    return taken().resolve(request(id).getFileName());
  }

  Path refused() {
    return path.resolve("refused");
  }

  /** The id of a request's file; empty for all other files. */
  static Optional<String> id(Path file) {
    Matcher matcher = REQUEST.matcher(file.getFileName().toString());
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /** Makes the folder and those in it. */
  void make() throws IOException {
    Files.createDirectories(taken());
    Files.createDirectories(refused());
  }

  void write(String id, Request request) {
    DurableFiles.replace(
        request(id),
        JsonNodeFactory.instance
                .objectNode()
                .put("key", request.key())
                .put("value", request.value())
            + "\n");
  }

  void write(String id, Answer answer) {
    DurableFiles.replace(
        answer(id),
        JsonNodeFactory.instance
                .objectNode()
                .put("accepted", answer.accepted())
                .put("message", answer.message())
            + "\n");
  }

  /**
   * @throws IOException if the file cannot be read or holds no request; the message is for whoever
   *     wrote it
   */
  static Request readRequest(Path file) throws IOException {
    JsonNode json = read(file);
    JsonNode key = json.path("key");
    JsonNode value = json.path("value");
    if (!key.isTextual() || !value.isTextual()) {
      throw new IOException("expected an object with the texts key and value");
    }
    return new Request(key.textValue(), value.textValue());
  }

  /**
   * @throws IOException if the file cannot be read or holds no answer
   */
  static Answer readAnswer(Path file) throws IOException {
    JsonNode json = read(file);
    if (!json.path("accepted").isBoolean() || !json.path("message").isTextual()) {
      throw new IOException("expected an object with accepted and message");
    }
    return new Answer(json.get("accepted").booleanValue(), json.get("message").textValue());
  }

  private static JsonNode read(Path file) throws IOException {
    if (!Files.isRegularFile(file) || Files.size(file) > MOST_BYTES) {
      throw new IOException("expected a file of at most " + MOST_BYTES + " bytes");
    }
    try {
      JsonNode json = MAPPER.readTree(Files.readString(file, StandardCharsets.UTF_8));
      return json == null ? JsonNodeFactory.instance.missingNode() : json;
    } catch (JsonProcessingException e) {
      throw new IOException("expected JSON: " + e.getOriginalMessage(), e);
    }
  }
}
