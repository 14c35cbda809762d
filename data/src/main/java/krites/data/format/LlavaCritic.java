package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.grpo.Label;
import krites.grpo.Prompt;

/**
 * {@code lmms-lab/llava-critic-113k}: a judge's prompt and its answer, of which the verdict is kept
 * and the rationale is not. Pairs are bracketed fields; rows that ask for scores may hide one
 * between markers.
 */
public record LlavaCritic() implements DatasetFormat {
  private static final Pattern VERDICT =
      Pattern.compile(
          "The better response\\s*:\\s*\\[?\\s*(first|second|1|2|A|B)\\b\\s*\\]?",
          Pattern.CASE_INSENSITIVE);
  private static final String TIE = "equally good";

  /** Where a tie is looked for: rationales say of single points that both are equally good. */
  private static final int END_LETTERS = 300;

  @Override
  public String name() {
    return "llava-critic";
  }

  @Override
  public String title() {
    return "LLaVA-Critic 113k";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.object().has("conversations");
  }

  @Override
  public RowMeaning read(Cells row) {
    String asked = turn(row, 0, "human").replace(Prompt.IMAGE_PLACEHOLDER, "").strip();
    String answered = turn(row, 1, "gpt");
    Optional<BracketedPair> bracketed = BracketedPair.in(asked);
    Optional<PairText.Fields> text =
        bracketed.map(BracketedPair::fields).or(() -> MarkedPair.in(asked));
    if (text.isEmpty()) {
      return new RowMeaning.Nothing(RowMeaning.Reason.NO_PAIR);
    }
    Optional<Label> label =
        bracketed.isPresent() ? verdict(answered) : MarkedPair.verdict(answered);
    if (label.isEmpty()) {
      return new RowMeaning.Nothing(RowMeaning.Reason.NO_VERDICT);
    }
    return RowMeaning.of(
        new Sample.Pair(
            row.id("id"),
            row.needImages("image", "images"),
            text.get(),
            label.get(),
            true,
            row.tags("source")));
  }

  private static String turn(Cells row, int number, String from) {
    JsonNode turns = row.list("conversations");
    JsonNode turn = turns.path(number);
    if (!turn.path("from").asText().equals(from) || !turn.path("value").isTextual()) {
      throw Cells.wrong(
          "conversations", turns, "two turns {from, value}, of human and gpt in this order");
    }
    return turn.path("value").textValue();
  }

  /** The last verdict sentence, or a tie near the end. */
  static Optional<Label> verdict(String answer) {
    Matcher sentence = VERDICT.matcher(answer);
    Optional<Label> last = Optional.empty();
    while (sentence.find()) {
      last = LabelReader.read(sentence.group(1));
    }
    if (last.isPresent()) {
      return last;
    }
    String end = answer.substring(Math.max(0, answer.length() - END_LETTERS));
    return end.toLowerCase(Locale.ROOT).contains(TIE) ? Optional.of(Label.TIE) : Optional.empty();
  }
}
