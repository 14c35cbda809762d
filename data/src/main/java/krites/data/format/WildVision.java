package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Label;
import krites.grpo.Prompt;

/**
 * Judgements of WildVision-Bench: games, each a prompt with both answers between markers, the hash
 * of its image, and a score such as {@code A>>B}. A judge's text without a verdict has none.
 */
public record WildVision() implements DatasetFormat {
  @Override
  public String name() {
    return "wildvision";
  }

  @Override
  public String title() {
    return "WildVision-Bench judgements";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("question_id", "games");
  }

  @Override
  public RowMeaning read(Cells row) {
    String id = row.id("question_id") + (row.has("model") ? "/" + row.text("model") : "");
    JsonNode games = row.list("games");
    Map<String, String> tags = row.tags("model", "judge");
    List<Sample> pairs = new ArrayList<>();
    boolean asked = false;
    for (int i = 0; i < games.size(); i++) {
      JsonNode game = games.get(i);
      Optional<Label> label = label(game.path("score"));
      if (!game.hasNonNull("user_prompt")) {
        continue; // some rows of the published files kept the judgement alone
      }
      asked = true;
      if (label.isPresent()) {
        String gameId = games.size() == 1 ? id : id + "#" + (i + 1);
        pairs.add(pair(gameId, game.path("user_prompt"), label.get(), tags));
      }
    }
    if (pairs.isEmpty()) {
      return new RowMeaning.Nothing(
          asked ? RowMeaning.Reason.NO_VERDICT : RowMeaning.Reason.NO_PAIR);
    }
    return new RowMeaning.Samples(pairs);
  }

  private static Optional<Label> label(JsonNode score) {
    if (score.isNull() || score.isMissingNode() || score.asText().isEmpty()) {
      return Optional.empty();
    }
    Optional<Label> label = MarkedPair.arena(score.asText());
    if (label.isEmpty()) {
      throw Cells.wrong("games.score", score, "A>>B, A>B, A=B, B>A, B>>A or nothing");
    }
    return label;
  }

  private static Sample pair(String id, JsonNode prompt, Label label, Map<String, String> tags) {
    if (!prompt.isArray()) {
      throw Cells.wrong("games.user_prompt", prompt, "a list of text and image parts");
    }
    StringBuilder text = new StringBuilder();
    List<ImageCell> images = new ArrayList<>();
    for (JsonNode part : prompt) {
      if (part.path("type").asText().equals("image")) {
        images.add(new ImageCell.Named("games", Cells.text("games.image", part.path("image"))));
      } else {
        text.append(part.path("text").asText());
      }
    }
    PairText.Fields fields =
        MarkedPair.in(text.toString().replace(Prompt.IMAGE_PLACEHOLDER, ""))
            .orElseThrow(
                () ->
                    Cells.wrong(
                        "games.user_prompt",
                        prompt,
                        "answers between <|The Start of ...|> markers"));
    return new Sample.Pair(id, images, fields, label, true, tags);
  }
}
