package krites.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.ImageRef;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Task;

/**
 * One line of a {@link PreferenceDataset}, read key by key. Every complaint names file, line and
 * key.
 *
 * @param file for messages
 * @param line number in the file, from 1
 * @param imageFolder what relative image paths begin at
 * @param object the line's JSON object
 */
record PreferenceRow(Path file, int line, Path imageFolder, JsonNode object) {

  private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G'};
  private static final byte[] GIF = {'G', 'I', 'F', '8'};
  private static final byte[] JPEG = {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF};

  /** The prompt, or none if the row is a tie that the policy drops. */
  Optional<Prompt> prompt(String instruction, TiePolicy ties) {
    boolean critic = present("response_1") || present("response_2") || present("preference");
    if (critic && present("answer")) {
      throw trouble("has both 'preference' fields and 'answer', expected one task per line");
    }
    if (!critic && !present("answer")) {
      throw trouble("has neither 'response_1', 'response_2', 'preference' nor 'answer'");
    }
    List<ImageRef> images = images();
    String question = text("question");
    if (!critic) {
      String body = CritiquePrompt.policy(question, instruction);
      return Optional.of(make(Task.POLICY, body, images, text("answer")));
    }
    String body =
        CritiquePrompt.critic(question, text("response_1"), text("response_2"), instruction);
    return switch (label()) {
      case FIRST -> Optional.of(make(Task.CRITIC, body, images, "1"));
      case SECOND -> Optional.of(make(Task.CRITIC, body, images, "2"));
      case TIE -> {
        if (ties == TiePolicy.REFUSE) {
          throw trouble("is a tie, and ties are refused");
        }
        yield Optional.empty();
      }
    };
  }

  private Prompt make(Task task, String body, List<ImageRef> images, String answer) {
    String text = CritiquePrompt.withImages(body, images.size());
    return new Prompt(id(), task, text, images, answer, tags());
  }

  private String id() {
    if (!present("id")) {
      return "line-" + line;
    }
    JsonNode id = object.get("id");
    if (id.isTextual() && !id.textValue().isBlank() || id.isIntegralNumber()) {
      return id.asText();
    }
    throw wrong("id", "a text or a whole number");
  }

  private Label label() {
    if (!present("preference")) {
      throw trouble("lacks 'preference', expected " + LabelReader.EXPECTED);
    }
    JsonNode preference = object.get("preference");
    Optional<Label> label =
        preference.isTextual() || preference.isIntegralNumber()
            ? LabelReader.read(preference.asText())
            : Optional.empty();
    return label.orElseThrow(() -> wrong("preference", LabelReader.EXPECTED));
  }

  private List<ImageRef> images() {
    if (present("image") == present("images")) {
      throw trouble("expected either 'image' (a path) or 'images' (a list of paths)");
    }
    if (present("image")) {
      return List.of(image("image", object.get("image")));
    }
    JsonNode list = object.get("images");
    if (!list.isArray()) {
      throw wrong("images", "a list of paths");
    }
    List<ImageRef> images = new ArrayList<>();
    list.forEach(node -> images.add(image("images", node)));
    return images;
  }

  private ImageRef image(String key, JsonNode node) {
    if (!node.isTextual() || node.textValue().isBlank()) {
      throw wrong(key, "the path of an image, relative to the dataset's folder");
    }
    String name = node.textValue();
    Path image;
    try {
      image = imageFolder.resolve(name).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw wrong(key, "the path of an image: " + e.getReason());
    }
    if (!Files.isRegularFile(image)) {
      throw trouble("'" + key + "' names " + image + ", which is not a file");
    }
    if (!beginsLikeAnImage(image)) {
      throw trouble("'" + key + "' names " + image + ", which is no PNG, JPEG or GIF");
    }
    return new ImageRef(image.toString());
  }

  /** Looks at the first bytes, since file names lie. */
  private boolean beginsLikeAnImage(Path image) {
    try (InputStream in = Files.newInputStream(image)) {
      byte[] start = in.readNBytes(4);
      boolean jpeg = start.length == 4 && Arrays.equals(Arrays.copyOf(start, 3), JPEG);
      return jpeg || Arrays.equals(start, PNG) || Arrays.equals(start, GIF);
    } catch (IOException e) {
      throw trouble("image " + image + " cannot be read: " + e.getMessage());
    }
  }

  private String text(String key) {
    if (!present(key)) {
      throw trouble("lacks '" + key + "'");
    }
    JsonNode value = object.get(key);
    if (!value.isTextual() && !(key.equals("answer") && value.isNumber())) {
      throw wrong(key, "a text");
    }
    String text = value.asText();
    if (text.isBlank()) {
      throw wrong(key, "a text that is not blank");
    }
    if (text.contains(Prompt.IMAGE_PLACEHOLDER)) {
      throw trouble(
          "'"
              + key
              + "' contains "
              + Prompt.IMAGE_PLACEHOLDER
              + ", which is put before the question by itself");
    }
    return text;
  }

  private Map<String, String> tags() {
    if (!present("tags")) {
      return Map.of();
    }
    Map<String, String> tags = new LinkedHashMap<>();
    for (var entry : object.get("tags").properties()) {
      if (!entry.getValue().isValueNode()) {
        throw wrong("tags", "an object of plain values");
      }
      tags.put(entry.getKey(), entry.getValue().asText());
    }
    return tags;
  }

  private boolean present(String key) {
    return object.hasNonNull(key);
  }

  private DatasetException wrong(String key, String expected) {
    return trouble(
        "'" + key + "' is " + shortened(object.get(key).toString()) + ", expected " + expected);
  }

  private DatasetException trouble(String problem) {
    return new DatasetException(file, line, problem);
  }

  private static String shortened(String text) {
    int limit = 60; // a message stays one line
    return text.length() <= limit ? text : text.substring(0, limit) + "...";
  }
}
