package krites.data.shapes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import krites.data.CritiquePrompt;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Task;
import org.junit.jupiter.api.Test;

final class TeacherTest {
  private static final int TEXTS = 6_000;
  private final ShapesWorld world = new ShapesWorld(7, WorldSettings.standard());
  private final ShapesPrompts prompts =
      new ShapesPrompts(world, PairSettings.standard(), CritiquePrompt.SHORT_INSTRUCTION);

  @Test
  void theTextsReadLikeThis() {
    Scene shown = scene("red circle, none, blue square, none");
    var item = new ShapesItem(7, Split.TRAIN, 1, shown, new Question.OfColor(Shape.CIRCLE), 0);
    var teacher = new Teacher(TeacherHabits.none(), world.settings());
    String thought =
        "<think>\nred circle red, none, blue square blue, none\nsee circle red\nso red\n";
    assertEquals(thought + "</think>\n\\boxed{red}", teacher.policy(item));
    var pair = new CriticPair(item, "red", "blue", Label.SECOND, ResponseStyle.WORD, false);
    assertEquals(
        thought + "first blue no second red yes\n</think>\n\\boxed{2}", teacher.critic(pair));
    assertEquals("red circle red, none, blue square blue, none", teacher.caption(item));
  }

  @Test
  void aCleanTeacherIsAlwaysRight() {
    SupervisedShapes texts = supervised(TeacherHabits.none());
    for (int i = 0; i < TEXTS; i++) {
      ShapesItem item = world.item(Split.TRAIN, i);
      String policy = texts.item(Task.POLICY, i).response();
      List<String> lines = policy.lines().toList();
      assertEquals("<think>", lines.get(0));
      assertEquals(item.scene().scan(), lines.get(1));
      String answer = answerFromScan(item.question(), lines.get(1));
      assertEquals("so " + answer, lines.get(3));
      assertEquals(answer, box(policy));
      SupervisedItem critic = texts.item(Task.CRITIC, i);
      assertEquals(critic.prompt().answer(), box(critic.response()));
      String better = box(critic.response()).equals("1") ? "first" : "second";
      assertTrue(critic.response().contains(better + " " + answer + " yes"), critic.response());
      assertEquals(item.scene().scan(), texts.item(Task.CAPTION, i).response());
    }
  }

  @Test
  void aConfusedTeacherIsConsistentAndErrsAtTheStatedRate() {
    SupervisedShapes texts = supervised(new TeacherHabits(0.6, 0, 0, 0, 0, 0));
    int confusable = 0;
    int confused = 0;
    for (int i = 0; i < TEXTS; i++) {
      ShapesItem item = world.item(Split.TRAIN, i);
      String policy = texts.item(Task.POLICY, i).response();
      Scene seen = scene(policy.lines().toList().get(1));
      for (int cell = 0; cell < 4; cell++) {
        Cell truth = item.scene().cells().get(cell);
        Cell told = seen.cells().get(cell);
        if (truth instanceof Cell.Filled(Colour colour, Shape shape)) {
          var mistaken = new Cell.Filled(colour.confused(), shape.confused());
          assertTrue(told.equals(truth) || told.equals(mistaken), policy);
          if (!mistaken.equals(truth)) {
            confusable++;
            confused += told.equals(mistaken) ? 1 : 0;
          }
        } else {
          assertEquals(truth, told);
        }
      }
      assertEquals(item.question().find(item.scene(), seen).answer(), box(policy));
      assertEquals(item.scene().scan(), texts.item(Task.CAPTION, i).response());
    }
    assertEquals(0.6, confused / (double) confusable, 0.02);
  }

  @Test
  void aConfusedCriticPrefersWhatItSees() {
    SupervisedShapes texts = supervised(new TeacherHabits(1, 0, 0, 0, 0, 0));
    int tempted = 0;
    for (int i = 0; i < TEXTS; i++) {
      ShapesItem item = world.item(Split.TRAIN, i);
      CriticPair pair = prompts.pair(item);
      if (pair.tempting() && List.of("orange", "purple", "diamond").contains(pair.right())) {
        SupervisedItem critic = texts.item(Task.CRITIC, i);
        assertTrue(!critic.prompt().answer().equals(box(critic.response())), critic.response());
        tempted++;
      }
    }
    assertTrue(tempted > 100, "only " + tempted + " tempting pairs");
  }

  @Test
  void uniformNoiseTouchesObjectsAtItsRate() {
    SupervisedShapes texts = supervised(new TeacherHabits(0, 0.2, 0, 0, 0, 0));
    int objects = 0;
    int wrong = 0;
    for (int i = 0; i < TEXTS; i++) {
      Scene truth = world.item(Split.TRAIN, i).scene();
      Scene seen = scene(texts.item(Task.POLICY, i).response().lines().toList().get(1));
      for (int cell = 0; cell < 4; cell++) {
        if (truth.cells().get(cell) instanceof Cell.Filled) {
          objects++;
          wrong += truth.cells().get(cell).equals(seen.cells().get(cell)) ? 0 : 1;
        }
      }
    }
    assertEquals(0.2, wrong / (double) objects, 0.02);
  }

  @Test
  void positionHabitForcesTheFirst() {
    SupervisedShapes texts = supervised(new TeacherHabits(0, 0, 0.5, 0, 0, 0));
    int first = 0;
    for (int i = 0; i < TEXTS; i++) {
      String text = texts.item(Task.CRITIC, i).response();
      boolean boxed = box(text).equals("1");
      assertEquals(boxed, text.matches("(?s).*\nfirst \\S+ yes second \\S+ no\n.*"), text);
      first += boxed ? 1 : 0;
    }
    assertEquals(0.75, first / (double) TEXTS, 0.02);
  }

  @Test
  void habitsOfLayoutComeAtTheirRates() {
    assertEquals(
        0.3,
        rate(new TeacherHabits(0, 0, 0, 0.3, 0, 0), text -> !text.startsWith("<think>")),
        0.02);
    assertEquals(
        0.3,
        rate(new TeacherHabits(0, 0, 0, 0.3, 0, 0), text -> text.contains(".\n<think>")),
        0.02);
    assertEquals(
        0.2, rate(new TeacherHabits(0, 0, 0, 0, 0.2, 0), text -> !text.contains("think>")), 0.02);
    assertEquals(
        0.1, rate(new TeacherHabits(0, 0, 0, 0, 0, 0.1), text -> !text.contains("\\boxed{")), 0.02);
    assertEquals(
        0,
        rate(
            TeacherHabits.none(),
            text -> !text.matches("(?s)<think>.*</think>\n\\\\boxed\\{.+\\}")),
        0);
  }

  @Test
  void theMixtureFollowsItsWeights() {
    var mixture = new SupervisedShapes.Mixture(0.2, 0.3, 0.5);
    var texts = new SupervisedShapes(prompts, TeacherHabits.none(), mixture, Split.TRAIN, TEXTS);
    int[] counts = new int[Task.values().length];
    for (int i = 0; i < TEXTS; i++) {
      counts[texts.item(i).prompt().task().ordinal()]++;
    }
    assertEquals(0.2, counts[Task.CAPTION.ordinal()] / (double) TEXTS, 0.02);
    assertEquals(0.3, counts[Task.POLICY.ordinal()] / (double) TEXTS, 0.02);
    assertEquals(0.5, counts[Task.CRITIC.ordinal()] / (double) TEXTS, 0.02);
  }

  @Test
  void labelNoiseDoesNotReachTheTeacher() {
    var shuffled =
        new ShapesPrompts(
            world, PairSettings.standard().withShuffledLabels(), CritiquePrompt.SHORT_INSTRUCTION);
    var texts =
        new SupervisedShapes(
            shuffled,
            TeacherHabits.none(),
            new SupervisedShapes.Mixture(0, 0, 1),
            Split.TRAIN,
            200);
    for (int i = 0; i < 200; i++) {
      SupervisedItem item = texts.item(i);
      Prompt prompt = item.prompt();
      assertEquals("first".equals(prompt.tags().get("side")) ? "1" : "2", box(item.response()));
    }
  }

  private double rate(TeacherHabits habits, Predicate<String> test) {
    SupervisedShapes texts = supervised(habits);
    int hits = 0;
    for (int i = 0; i < TEXTS; i++) {
      Task task = i % 2 == 0 ? Task.POLICY : Task.CRITIC;
      hits += test.test(texts.item(task, i).response()) ? 1 : 0;
    }
    return hits / (double) TEXTS;
  }

  private SupervisedShapes supervised(TeacherHabits habits) {
    return new SupervisedShapes(
        prompts, habits, new SupervisedShapes.Mixture(1, 1, 1), Split.TRAIN, TEXTS);
  }

  private static String box(String text) {
    int open = text.lastIndexOf("\\boxed{");
    return text.substring(open + "\\boxed{".length(), text.length() - 1);
  }

  /** The answer worked out on the words of the scan line, without the classes that wrote it. */
  private static String answerFromScan(Question question, String scan) {
    List<List<String>> objects =
        Arrays.stream(scan.split(", "))
            .filter(cell -> !cell.equals("none"))
            .map(cell -> List.of(cell.split(" ")))
            .toList();
    return switch (question) {
      case Question.OfColor(Shape shape) ->
          objects.stream()
              .filter(words -> words.get(1).equals(shape.word()))
              .findFirst()
              .orElseThrow()
              .get(0);
      case Question.OfShape(Colour colour) ->
          objects.stream()
              .filter(words -> words.get(0).equals(colour.word()))
              .findFirst()
              .orElseThrow()
              .get(1);
      case Question.Count(Shape shape) ->
          "" + objects.stream().filter(words -> words.get(1).equals(shape.word())).count();
      case Question.CountAll() -> "" + objects.size();
      case Question.Exist(Colour colour, Shape shape) ->
          scan.contains(colour.word() + " " + shape.word()) ? "yes" : "no";
    };
  }

  private static Scene scene(String scan) {
    List<Cell> cells = new ArrayList<>();
    for (String cell : scan.split(", ")) {
      String[] words = cell.split(" ");
      cells.add(
          cell.equals("none")
              ? new Cell.Empty()
              : new Cell.Filled(Vocabulary.colour(words[0]), Vocabulary.shape(words[1])));
    }
    return new Scene(2, cells);
  }
}
