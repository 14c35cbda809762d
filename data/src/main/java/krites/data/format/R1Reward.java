package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.grpo.Label;
import krites.grpo.Prompt;

/**
 * The training data of R1-Reward: a chat in a cell of JSON text, with image parts, and the label as
 * {@code <answer>1</answer>}. Where its fields can be told apart they are put into Krites' wording,
 * since its own asks for another layout of the verdict.
 */
public record R1Reward() implements DatasetFormat {
  private static final Pattern ANSWER = Pattern.compile("<answer>\\s*(\\S+?)\\s*</answer>");

  @Override
  public String name() {
    return "r1-reward";
  }

  @Override
  public String title() {
    return "R1-Reward";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("message", "answer");
  }

  @Override
  public RowMeaning read(Cells row) {
    JsonNode message = row.parsed("message");
    if (!message.isArray()) {
      throw Cells.wrong("message", message, "a chat: a list of {role, content}");
    }
    List<ImageCell> images = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (JsonNode turn : message) {
      if (turn.path("role").asText().equals("user")) {
        collect(turn.path("content"), text, images);
      }
    }
    String asked = text.toString().replace(Prompt.IMAGE_PLACEHOLDER, "").strip();
    if (asked.isEmpty()) {
      throw Cells.wrong("message", message, "a turn of the user with a text");
    }
    PairText whole = new PairText.Whole(asked);
    return RowMeaning.of(
        new Sample.Pair(
            row.id("id"),
            images.isEmpty() ? row.needImages("image", "images") : images,
            whole.fields().<PairText>map(fields -> fields).orElse(whole),
            label(row),
            true,
            row.tags("source")));
  }

  private static void collect(JsonNode content, StringBuilder text, List<ImageCell> images) {
    if (content.isTextual()) {
      text.append(content.textValue());
    }
    for (JsonNode part : content) {
      switch (part.path("type").asText()) {
        case "image" -> {
          String path = Cells.text("message", part.path("image"));
          images.add(new ImageCell.Named("message", path.replaceFirst("^file://", "")));
        }
        case "text" -> text.append(part.path("text").asText());
        default -> throw Cells.wrong("message", part, "a part of type text or image");
      }
    }
  }

  private static Label label(Cells row) {
    JsonNode answer = row.need("answer");
    JsonNode first = answer.isArray() ? answer.path(0) : answer;
    Matcher tagged = ANSWER.matcher(first.asText());
    return LabelReader.read(tagged.find() ? tagged.group(1) : first.asText())
        .orElseThrow(
            () -> Cells.wrong("answer", answer, "[\"<answer>1</answer>\"] or with 2 in it"));
  }
}
