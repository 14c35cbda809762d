package krites.data.shapes;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import krites.data.shapes.SeededStream.Purpose;
import krites.grpo.Label;

/**
 * A right and a wrong response to the question of an item. The wrong one says something else about
 * the asked fact and is as long as a right one may be; the side is a fair coin.
 *
 * @param item what is asked about
 * @param right the true answer
 * @param wrong another answer of the same kind
 * @param truth which side the right response stands on, FIRST or SECOND
 * @param style wording of both responses
 * @param tempting whether the wrong answer is the confusable partner of the right one
 */
public record CriticPair(
    ShapesItem item,
    String right,
    String wrong,
    Label truth,
    ResponseStyle style,
    boolean tempting) {

  /** The pair of an item; a function of the item's seed, split and index. */
  public static CriticPair of(ShapesItem item, WorldSettings world, PairSettings settings) {
    SeededStream stream = SeededStream.of(item.seed(), item.split(), item.index(), Purpose.PAIR);
    Label truth = stream.chance(0.5) ? Label.FIRST : Label.SECOND;
    ResponseStyle style = style(item, settings, stream);
    String right = item.answer();
    Optional<String> partner = partner(item.question(), right, world);
    boolean tempt = stream.chance(settings.temptingWrong());
    if (tempt && partner.isPresent()) {
      return new CriticPair(item, right, partner.get(), truth, style, true);
    }
    List<String> others = alternatives(item.question(), right, world);
    List<String> alike =
        others.stream().filter(other -> partner(item.question(), other, world).isEmpty()).toList();
    // A value without a partner is paired with its like, so that "red or green?" has no likelier
    // answer.
    String wrong = stream.pick(tempt && !alike.isEmpty() ? alike : others);
    return new CriticPair(
        item, right, wrong, truth, style, partner.filter(wrong::equals).isPresent());
  }

  /** The answer that the first response gives. */
  public String firstAnswer() {
    return truth == Label.FIRST ? right : wrong;
  }

  /** The answer that the second response gives. */
  public String secondAnswer() {
    return truth == Label.FIRST ? wrong : right;
  }

  /** The first response, worded. */
  public String firstText() {
    return worded(firstAnswer());
  }

  /** The second response, worded. */
  public String secondText() {
    return worded(secondAnswer());
  }

  /**
   * What is wrong with the wrong response: {@code wrong-color}, {@code wrong-count}, {@code
   * flipped}, ...
   */
  public String errorType() {
    return switch (item.question().kind()) {
      case COLOR -> "wrong-color";
      case SHAPE -> "wrong-shape";
      case COUNT, COUNTALL -> "wrong-count";
      case EXIST -> "flipped";
    };
  }

  private String worded(String answer) {
    return switch (style) {
      case WORD -> answer;
      case SENTENCE -> item.question().sentence(answer);
      case CAPTION -> caption(answer);
    };
  }

  private String caption(String answer) {
    return item.scene().objects().stream()
        .map(
            object ->
                switch (item.question()) {
                  case Question.OfColor(Shape shape) when object.shape() == shape ->
                      answer + " " + shape.word();
                  case Question.OfShape(Colour colour) when object.colour() == colour ->
                      colour.word() + " " + answer;
                  case Question _ -> object.words();
                })
        .collect(Collectors.joining(", "));
  }

  private static ResponseStyle style(ShapesItem item, PairSettings settings, SeededStream stream) {
    double[] weights = {settings.wordWeight(), settings.sentenceWeight(), settings.captionWeight()};
    ResponseStyle style = ResponseStyle.values()[stream.weighted(weights)];
    boolean oneObject =
        switch (item.question().kind()) {
          case COLOR, SHAPE -> true;
          case COUNT, COUNTALL, EXIST -> false;
        };
    return style == ResponseStyle.CAPTION && !oneObject ? ResponseStyle.SENTENCE : style;
  }

  private static Optional<String> partner(Question question, String answer, WorldSettings world) {
    return switch (question.kind()) {
      case COLOR ->
          Vocabulary.colour(answer).partner().filter(world.colours()::contains).map(Colour::word);
      case SHAPE ->
          Vocabulary.shape(answer).partner().filter(world.shapes()::contains).map(Shape::word);
      case COUNT, COUNTALL, EXIST -> Optional.empty();
    };
  }

  /** All wrong answers that the same question could have in another scene; never empty. */
  private static List<String> alternatives(Question question, String right, WorldSettings world) {
    List<String> answers = new ArrayList<>();
    switch (question.kind()) {
      case COLOR -> world.colours().forEach(colour -> answers.add(colour.word()));
      case SHAPE -> world.shapes().forEach(shape -> answers.add(shape.word()));
      case COUNT -> addNumbers(answers, 0, Math.min(Questioner.COUNT_MAX, world.objectsMax()));
      case COUNTALL -> addNumbers(answers, world.objectsMin(), world.objectsMax());
      case EXIST -> answers.addAll(List.of("yes", "no"));
    }
    answers.remove(right);
    if (answers.isEmpty()) {
      answers.add(Integer.toString(Integer.parseInt(right) + 1));
    }
    return answers;
  }

  private static void addNumbers(List<String> answers, int low, int high) {
    for (int number = low; number <= high; number++) {
      answers.add(Integer.toString(number));
    }
  }

  /** What reports group by. */
  Map<String, String> tags() {
    return Map.of(
        "kind", item.question().kind().word(),
        "side", truth == Label.FIRST ? "first" : "second",
        "error", errorType(),
        "style", style.word(),
        "tempting", Boolean.toString(tempting));
  }
}
