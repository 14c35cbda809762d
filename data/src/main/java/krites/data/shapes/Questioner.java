package krites.data.shapes;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Finds a question of a wanted kind and answer for a scene. The wish is drawn before the scene, so
 * that answers are balanced: a critic that only reads cannot do better than chance.
 */
record Questioner(QuestionKind kind, int wish) {
  /** Counts that are asked for: 0 to 3. */
  static final int COUNT_MAX = 3;

  /** Share of the "no" answers whose scene has an object of the right colour or the right shape. */
  private static final double NEAR_MISS = 0.7;

  /** All wishes of a kind: the counts asked for, or no and yes, or none in particular. */
  static List<Questioner> all(QuestionKind kind, WorldSettings settings) {
    int wishes =
        switch (kind) {
          case COLOR, SHAPE, COUNTALL -> 1;
          case COUNT -> Math.min(COUNT_MAX, settings.objectsMax()) + 1;
          case EXIST -> 2;
        };
    return IntStream.range(0, wishes).mapToObj(wish -> new Questioner(kind, wish)).toList();
  }

  /** A question about the scene, or none if the scene does not allow it. */
  Optional<Question> ask(Scene scene, WorldSettings settings, SeededStream stream) {
    List<Question> candidates = new ArrayList<>();
    switch (kind) {
      case COLOR -> {
        for (Shape shape : settings.shapes()) {
          if (scene.where(filled -> filled.shape() == shape).size() == 1) {
            candidates.add(new Question.OfColor(shape));
          }
        }
      }
      case SHAPE -> {
        for (Colour colour : settings.colours()) {
          if (scene.where(filled -> filled.colour() == colour).size() == 1) {
            candidates.add(new Question.OfShape(colour));
          }
        }
      }
      case COUNT -> {
        for (Shape shape : settings.shapes()) {
          if (scene.where(filled -> filled.shape() == shape).size() == wish) {
            candidates.add(new Question.Count(shape));
          }
        }
      }
      case COUNTALL -> candidates.add(new Question.CountAll());
      case EXIST -> addExist(candidates, scene, settings, stream);
    }
    return candidates.isEmpty() ? Optional.empty() : Optional.of(stream.pick(candidates));
  }

  private void addExist(
      List<Question> candidates, Scene scene, WorldSettings settings, SeededStream stream) {
    List<Cell.Filled> objects = scene.objects();
    boolean nearMiss = stream.chance(NEAR_MISS);
    for (Colour colour : settings.colours()) {
      for (Shape shape : settings.shapes()) {
        boolean there = objects.contains(new Cell.Filled(colour, shape));
        boolean near =
            objects.stream()
                .anyMatch(filled -> filled.colour() == colour || filled.shape() == shape);
        if (wish == 1 ? there : !there && near == nearMiss) {
          candidates.add(new Question.Exist(colour, shape));
        }
      }
    }
  }
}
