package krites.data.shapes;

import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * How the pictures look and what is asked about them.
 *
 * @param grid cells per side, 2 or 3; a cell is 28 pixels, one merged visual token
 * @param shapes shapes that occur, at least two, none twice
 * @param colours colours that occur, at least two, none twice
 * @param objectsMin fewest objects, at least 1
 * @param objectsMax most objects, at most the number of cells
 * @param jitterPixels largest shift of an object's centre along each axis, 0 to 2 (so that it stays
 *     in its cell)
 * @param outlinePixels width of the dark outline inside each object's edge, 0 to 4; it shows the
 *     shape whatever the colour
 * @param colourJitter largest change of each colour channel of an object, 0 to 40
 * @param pixelNoise largest change of each channel of each pixel, 0 to 100
 * @param gradient how much the background darkens in red from top to bottom and in blue from left
 *     to right, 0 to 200; it tells a network without absolute positions where it looks
 * @param questions kinds of questions with their weights, at least one above 0
 * @param unseenForms probability that a question of the test split is put in a form that training
 *     never shows
 */
public record WorldSettings(
    int grid,
    List<Shape> shapes,
    List<Colour> colours,
    int objectsMin,
    int objectsMax,
    int jitterPixels,
    int outlinePixels,
    int colourJitter,
    int pixelNoise,
    int gradient,
    Map<QuestionKind, Double> questions,
    double unseenForms) {

  public WorldSettings {
    shapes = List.copyOf(shapes);
    colours = List.copyOf(colours);
    questions = Map.copyOf(questions);
    range("grid", grid, 2, 3);
    distinct("shapes", shapes);
    distinct("colours", colours);
    range("objects-min", objectsMin, 1, grid * grid);
    range("objects-max", objectsMax, objectsMin, grid * grid);
    range("jitter-pixels", jitterPixels, 0, 2);
    range("outline-pixels", outlinePixels, 0, 4);
    range("colour-jitter", colourJitter, 0, 40);
    range("pixel-noise", pixelNoise, 0, 100);
    range("gradient", gradient, 0, 200);
    Weights.check("questions", questions);
    Weights.checkProbability("unseen-forms", unseenForms);
  }

  /**
   * The level of the built-in job: 56x56 pixels, 1 to 4 objects, all shapes, colours and kinds of
   * questions.
   */
  public static WorldSettings standard() {
    var questions = new EnumMap<QuestionKind, Double>(QuestionKind.class);
    for (QuestionKind kind : QuestionKind.values()) {
      questions.put(kind, 1.0);
    }
    return new WorldSettings(
        2, List.of(Shape.values()), List.of(Colour.values()), 1, 4, 2, 2, 12, 0, 0, questions, 0);
  }

  /** The same world with other kinds of questions. */
  public WorldSettings withQuestions(Map<QuestionKind, Double> kinds) {
    return new WorldSettings(
        grid,
        shapes,
        colours,
        objectsMin,
        objectsMax,
        jitterPixels,
        outlinePixels,
        colourJitter,
        pixelNoise,
        gradient,
        kinds,
        unseenForms);
  }

  double weight(QuestionKind kind) {
    return questions.getOrDefault(kind, 0.0);
  }

  private static void range(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          name + " is " + value + ", expected " + low + " to " + high);
    }
  }

  private static void distinct(String name, List<?> values) {
    if (values.size() < 2 || new LinkedHashSet<>(values).size() != values.size()) {
      throw new IllegalArgumentException(
          name + " is " + values + ", expected at least two, none twice");
    }
  }
}
