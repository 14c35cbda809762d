package krites.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.data.format.PairText;
import krites.data.format.RowException;
import krites.data.format.Sample;
import krites.grpo.ImageRef;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Task;
import krites.grpo.flow.Seeds;

/**
 * Samples become prompts. Every draw depends on the seed and the sample's id alone, so the same
 * sample gives the same prompts whenever it is read.
 */
final class PromptMaker {
  /** The tag that records in which order a pair is shown, where it was drawn or exchanged. */
  static final String ORDER_TAG = "order";

  /** What the id of the second showing of a pair ends with. */
  static final String EXCHANGED = "/exchanged";

  private final PromptSettings settings;

  PromptMaker(PromptSettings settings) {
    this.settings = settings;
  }

  /**
   * The prompts of a sample: one, two where a pair is shown in both orders, none for a tie that is
   * dropped.
   *
   * @param id unique in the data set
   * @throws RowException if the sample is a tie and ties are refused, or its text does not fit its
   *     images
   */
  List<Prompt> prompts(Sample sample, String id, List<ImageRef> images) {
    return switch (sample) {
      case Sample.Item item -> List.of(item(item, id, images));
      case Sample.Pair pair -> pair(pair, id, images);
    };
  }

  private Prompt item(Sample.Item item, String id, List<ImageRef> images) {
    if (item.answer().isEmpty()) {
      throw new RowException(
          "has a 'response' and no 'answer', expected one to grade by; krites sft --data learns from"
              + " such rows");
    }
    return question(item, id, images);
  }

  /** The prompt of an item, which need not have an answer. */
  Prompt question(Sample.Item item, String id, List<ImageRef> images) {
    String text =
        item.whole()
            ? whole(item.question(), images.size(), "problem") + ending(item)
            : question(item.question(), images.size());
    return new Prompt(id, Task.POLICY, text, images, item.answer(), item.tags());
  }

  /** A question in our words. */
  String question(String question, int images) {
    return CritiquePrompt.withImages(
        CritiquePrompt.policy(question, settings.instruction()), images);
  }

  /** A whole prompt with a response to imitate is what that response was an answer to. */
  private String ending(Sample.Item item) {
    return item.response().isPresent() ? "" : " " + settings.instruction();
  }

  private List<Prompt> pair(Sample.Pair pair, String id, List<ImageRef> images) {
    if (pair.label() == Label.TIE) {
      if (settings.ties() == TiePolicy.REFUSE) {
        throw new RowException("is a tie, and ties are refused");
      }
      if (settings.ties() == TiePolicy.DROP) {
        return List.of();
      }
    }
    boolean drawn = !pair.placed() || settings.order() == PairOrder.RANDOM;
    boolean exchange = drawn && coin("order", id);
    List<Prompt> prompts = new ArrayList<>();
    Optional<Prompt> first = shown(pair, id, images, exchange, drawn);
    // A text that cannot be taken apart stays as it is.
    prompts.add(first.orElseGet(() -> shown(pair, id, images, false, true).orElseThrow()));
    if (settings.bothOrders()) {
      shown(pair, id + EXCHANGED, images, !exchange, true).ifPresent(prompts::add);
    }
    return prompts;
  }

  private Optional<Prompt> shown(
      Sample.Pair pair, String id, List<ImageRef> images, boolean exchanged, boolean recorded) {
    Optional<PairText> text = exchanged ? pair.text().exchanged() : Optional.of(pair.text());
    Label label = exchanged ? pair.label().exchanged() : pair.label();
    Map<String, String> tags = new LinkedHashMap<>(pair.tags());
    if (recorded) {
      tags.put(ORDER_TAG, exchanged ? "exchanged" : "file");
    }
    return text.map(
        shown ->
            new Prompt(
                id, Task.CRITIC, worded(shown, images.size()), images, answer(label, id), tags));
  }

  private String worded(PairText text, int images) {
    boolean third = settings.ties() == TiePolicy.TRAIN;
    return switch (text) {
      case PairText.Fields(String question, String first, String second) -> {
        String body =
            third
                ? CritiquePrompt.criticOrTie(question, first, second, settings.instruction())
                : CritiquePrompt.critic(question, first, second, settings.instruction());
        yield CritiquePrompt.withImages(body, images);
      }
      case PairText.Whole(String whole) ->
          whole(whole, images, "question")
              + " "
              + (third ? CritiquePrompt.OR_TIE + " " : "")
              + settings.instruction();
    };
  }

  /**
   * A prompt that the data set words: as it stands, with the images first if it does not say where
   * they stand. The published trainer shows such a row without its images.
   */
  private static String whole(String text, int images, String column) {
    int placeholders = text.split(Prompt.IMAGE_PLACEHOLDER, -1).length - 1;
    if (placeholders != 0 && placeholders != images) {
      throw new RowException(
          "'"
              + column
              + "' has "
              + placeholders
              + " "
              + Prompt.IMAGE_PLACEHOLDER
              + " for "
              + images
              + " images, expected one for each or none");
    }
    String stripped = text.strip();
    return placeholders == 0 ? Prompt.IMAGE_PLACEHOLDER.repeat(images) + stripped : stripped;
  }

  private String answer(Label label, String id) {
    return switch (label) {
      case FIRST -> "1";
      case SECOND -> "2";
      case TIE ->
          switch (settings.ties()) {
            case TRAIN -> "tie";
            case MAP_FIRST -> "1";
            case MAP_SECOND -> "2";
            case MAP_RANDOM -> coin("tie", id) ? "1" : "2";
            case DROP, REFUSE -> throw new IllegalStateException("such a tie is not shown");
          };
    };
  }

  private boolean coin(String name, String id) {
    return (Seeds.ofName(settings.seed(), name + "/" + id) & 1) == 1;
  }
}
