package krites.data.shapes;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A question of the closed grammar. It knows its wording, its answer in any scene, and the evidence
 * for the answer.
 *
 * <p>{@code form} 0 and 1 are the wordings of training, 2 is kept for the test split; all words of
 * form 2 occur in the others.
 */
public sealed interface Question {
  /** Wordings of each kind; the last is never trained. */
  int FORMS = 3;

  /** What kind of question it is. */
  QuestionKind kind();

  /** The wording. */
  String text(int form);

  /** A sentence that claims the given answer. */
  String sentence(String answer);

  /** Why and what, as someone sees it. */
  record Finding(String evidence, String answer) {}

  /**
   * What someone finds who takes the scene {@code truth} for {@code seen}; with the same scene
   * twice, the true answer. The object asked about is the true one; how it is called is as seen.
   *
   * @throws IllegalArgumentException if the question has no single answer in {@code truth}
   */
  Finding find(Scene truth, Scene seen);

  /** The true answer. */
  default String answer(Scene scene) {
    return find(scene, scene).answer();
  }

  /** {@code what color is the circle?} */
  record OfColor(Shape shape) implements Question {
    @Override
    public QuestionKind kind() {
      return QuestionKind.COLOR;
    }

    @Override
    public String text(int form) {
      return choose(
          form,
          "what color is the " + shape.word() + "?",
          "which color does the " + shape.word() + " have?",
          "the " + shape.word() + " is what color?");
    }

    @Override
    public String sentence(String answer) {
      return "the " + shape.word() + " is " + answer + ".";
    }

    @Override
    public Finding find(Scene truth, Scene seen) {
      Cell.Filled object = seen.object(only(truth.where(filled -> filled.shape() == shape), this));
      return new Finding(
          object.shape().word() + " " + object.colour().word(), object.colour().word());
    }
  }

  /** {@code what shape is red?} */
  record OfShape(Colour colour) implements Question {
    @Override
    public QuestionKind kind() {
      return QuestionKind.SHAPE;
    }

    @Override
    public String text(int form) {
      return choose(
          form,
          "what shape is " + colour.word() + "?",
          "which shape is the " + colour.word() + " one?",
          "the " + colour.word() + " one is what shape?");
    }

    @Override
    public String sentence(String answer) {
      return "the " + colour.word() + " one is a " + answer + ".";
    }

    @Override
    public Finding find(Scene truth, Scene seen) {
      Cell.Filled object =
          seen.object(only(truth.where(filled -> filled.colour() == colour), this));
      return new Finding(object.words(), object.shape().word());
    }
  }

  /** {@code how many circles are there?} */
  record Count(Shape shape) implements Question {
    @Override
    public QuestionKind kind() {
      return QuestionKind.COUNT;
    }

    @Override
    public String text(int form) {
      return counting(form, shape.plural());
    }

    @Override
    public String sentence(String answer) {
      return "there are " + answer + " " + shape.plural() + ".";
    }

    @Override
    public Finding find(Scene truth, Scene seen) {
      return counted(seen.objects().stream().filter(filled -> filled.shape() == shape).toList());
    }
  }

  /** {@code how many shapes are there?} */
  record CountAll() implements Question {
    @Override
    public QuestionKind kind() {
      return QuestionKind.COUNTALL;
    }

    @Override
    public String text(int form) {
      return counting(form, "shapes");
    }

    @Override
    public String sentence(String answer) {
      return "there are " + answer + " shapes.";
    }

    @Override
    public Finding find(Scene truth, Scene seen) {
      return counted(seen.objects());
    }
  }

  /** {@code is there a red circle?} */
  record Exist(Colour colour, Shape shape) implements Question {
    @Override
    public QuestionKind kind() {
      return QuestionKind.EXIST;
    }

    @Override
    public String text(int form) {
      String object = colour.withArticle() + " " + shape.word();
      return choose(
          form, "is there " + object + "?", "do you see " + object + "?", object + " is there?");
    }

    @Override
    public String sentence(String answer) {
      return answer.equals("yes")
          ? "yes, there is " + colour.withArticle() + " " + shape.word() + "."
          : "no, there is no " + colour.word() + " " + shape.word() + ".";
    }

    @Override
    public Finding find(Scene truth, Scene seen) {
      List<Cell.Filled> sameColour =
          seen.objects().stream().filter(filled -> filled.colour() == colour).toList();
      String evidence =
          sameColour.stream().map(Cell.Filled::words).collect(Collectors.joining(", "));
      boolean there = sameColour.contains(new Cell.Filled(colour, shape));
      return new Finding(evidence.isEmpty() ? "none" : evidence, there ? "yes" : "no");
    }
  }

  private static String counting(int form, String things) {
    return choose(
        form,
        "how many " + things + " are there?",
        "count the " + things + ".",
        "there are how many " + things + "?");
  }

  private static Finding counted(List<Cell.Filled> objects) {
    String evidence =
        objects.stream().map(filled -> filled.shape().word()).collect(Collectors.joining(" "));
    return new Finding(evidence.isEmpty() ? "none" : evidence, Integer.toString(objects.size()));
  }

  private static int only(List<Integer> cells, Question question) {
    if (cells.size() != 1) {
      throw new IllegalArgumentException(
          question + " fits " + cells.size() + " objects, expected 1");
    }
    return cells.getFirst();
  }

  private static String choose(int form, String first, String second, String unseen) {
    return switch (form) {
      case 0 -> first;
      case 1 -> second;
      case 2 -> unseen;
      default -> throw new IllegalArgumentException("form " + form + " is not 0, 1 or 2");
    };
  }
}
