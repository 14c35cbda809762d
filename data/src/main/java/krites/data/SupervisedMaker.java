package krites.data;

import java.util.List;
import java.util.Optional;
import krites.data.SupervisedSettings.Target;
import krites.data.format.PairText;
import krites.data.format.RowException;
import krites.data.format.Sample;
import krites.data.shapes.SupervisedItem;
import krites.grpo.ImageRef;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Task;

/** Samples become examples: the prompt of training, and the text that shall follow it. */
final class SupervisedMaker {
  private final PromptMaker prompts;
  private final ImageNames names;
  private final SupervisedSettings supervised;

  SupervisedMaker(DatasetSettings settings, SupervisedSettings supervised) {
    this.prompts = new PromptMaker(settings.prompts());
    this.names = new ImageNames(settings.images());
    this.supervised = supervised;
  }

  /**
   * The examples of a sample; none where it has nothing to imitate.
   *
   * @param repeat how often its id stood in earlier rows
   * @throws RowException if an image is not there, or the sample cannot be shown
   */
  List<SupervisedItem> items(RowPlace row, Sample sample, int repeat) {
    String id = repeat == 0 ? sample.id() : sample.id() + "~" + (repeat + 1);
    List<ImageRef> images = names.of(row, sample.images());
    return switch (sample) {
      case Sample.Item item when item.response().isPresent() ->
          List.of(
              new SupervisedItem(
                  prompts.question(item, id, images), item.response().orElseThrow()));
      case Sample.Pair pair when supervised.target() == Target.CHOSEN ->
          chosen(pair, id, images).stream().toList();
      default ->
          prompts.prompts(sample, id, images).stream()
              .map(prompt -> new SupervisedItem(prompt, answer(prompt.answer())))
              .toList();
    };
  }

  private String answer(String answer) {
    return supervised.boxed() ? "\\boxed{" + answer + "}" : answer;
  }

  private Optional<SupervisedItem> chosen(Sample.Pair pair, String id, List<ImageRef> images) {
    if (pair.label() == Label.TIE) {
      return Optional.empty();
    }
    PairText.Fields text =
        pair.text()
            .fields()
            .orElseThrow(
                () ->
                    new RowException(
                        "words its prompt in a way that is not known, so question and responses"
                            + " cannot be told apart"));
    String response = pair.label() == Label.FIRST ? text.first() : text.second();
    if (response.isBlank()) {
      return Optional.empty();
    }
    String question = text.question().replace(Prompt.IMAGE_PLACEHOLDER, "").strip();
    Prompt prompt =
        new Prompt(
            id,
            Task.POLICY,
            prompts.question(question, images.size()),
            images,
            response,
            pair.tags());
    return Optional.of(new SupervisedItem(prompt, response));
  }
}
