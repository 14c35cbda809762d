package krites.data.shapes;

import java.util.ArrayList;
import java.util.List;
import krites.data.shapes.Question.Finding;
import krites.data.shapes.SeededStream.Purpose;
import krites.grpo.Label;

/**
 * Writes the supervised texts: {@code <think>}, a scan of all cells, the evidence, the conclusion,
 * for a critic the comparison of both responses with it, {@code </think>} and the box.
 *
 * <pre>{@code
 * <think>
 * red circle red, none, blue square blue, none
 * see circle red
 * so red
 * first red yes second blue no
 * </think>
 * \boxed{1}
 * }</pre>
 *
 * <p>A mistake of the eye is made once per object and runs through the whole text.
 */
final class Teacher {
  /** Sentences that spoil the format when they stand before the think tag. */
  static final List<String> PREAMBLES = List.of("Here is my answer.", "I look at the picture.");

  private final TeacherHabits habits;
  private final WorldSettings world;

  Teacher(TeacherHabits habits, WorldSettings world) {
    this.habits = habits;
    this.world = world;
  }

  String caption(ShapesItem item) {
    return item.scene().scan();
  }

  String policy(ShapesItem item) {
    SeededStream stream = stream(item);
    Scene seen = look(item.scene(), stream);
    Finding finding = item.question().find(item.scene(), seen);
    return written(thought(seen, finding), finding.answer(), stream);
  }

  String critic(CriticPair pair) {
    ShapesItem item = pair.item();
    SeededStream stream = stream(item);
    Scene seen = look(item.scene(), stream);
    Finding finding = item.question().find(item.scene(), seen);
    boolean coin = stream.chance(0.5);
    boolean habit = stream.chance(habits.positionHabit());
    Label verdict = habit ? Label.FIRST : verdict(pair, finding.answer(), coin);
    boolean first = verdict == Label.FIRST;
    String comparison =
        "first "
            + pair.firstAnswer()
            + (first ? " yes" : " no")
            + " second "
            + pair.secondAnswer()
            + (first ? " no" : " yes")
            + "\n";
    return written(thought(seen, finding) + comparison, first ? "1" : "2", stream);
  }

  /** The response that agrees with what was found; a coin if neither does. */
  private static Label verdict(CriticPair pair, String answer, boolean coin) {
    if (pair.firstAnswer().equals(answer)) {
      return Label.FIRST;
    }
    if (pair.secondAnswer().equals(answer)) {
      return Label.SECOND;
    }
    return coin ? Label.FIRST : Label.SECOND;
  }

  private static String thought(Scene seen, Finding finding) {
    return seen.scan() + "\nsee " + finding.evidence() + "\nso " + finding.answer() + "\n";
  }

  private String written(String thought, String answer, SeededStream stream) {
    boolean preamble = stream.chance(habits.preamble());
    boolean tags = !stream.chance(habits.missingTags());
    boolean box = !stream.chance(habits.missingBox());
    StringBuilder text = new StringBuilder();
    if (preamble) {
      text.append(stream.pick(PREAMBLES)).append('\n');
    }
    text.append(tags ? "<think>\n" + thought + "</think>\n" : thought);
    return text.append(box ? "\\boxed{" + answer + "}" : answer).toString();
  }

  /** The scene as this teacher sees it this time. */
  private Scene look(Scene scene, SeededStream stream) {
    List<Cell> cells = new ArrayList<>();
    for (Cell cell : scene.cells()) {
      cells.add(
          switch (cell) {
            case Cell.Empty empty -> empty;
            case Cell.Filled filled -> look(filled, stream);
          });
    }
    return new Scene(scene.grid(), cells);
  }

  private Cell.Filled look(Cell.Filled filled, SeededStream stream) {
    boolean confused = stream.chance(habits.confusion());
    Cell.Filled named =
        confused ? new Cell.Filled(filled.colour().confused(), filled.shape().confused()) : filled;
    if (!stream.chance(habits.uniformNoise())) {
      return named;
    }
    return stream.chance(0.5)
        ? new Cell.Filled(other(world.colours(), named.colour(), stream), named.shape())
        : new Cell.Filled(named.colour(), other(world.shapes(), named.shape(), stream));
  }

  private static <T> T other(List<T> choices, T not, SeededStream stream) {
    List<T> others = new ArrayList<>(choices);
    others.remove(not);
    return stream.pick(others);
  }

  private static SeededStream stream(ShapesItem item) {
    return SeededStream.of(item.seed(), item.split(), item.index(), Purpose.TEACHER);
  }
}
