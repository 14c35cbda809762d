package krites.data.shapes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import krites.grpo.ImageRef;
import org.junit.jupiter.api.Test;

final class ShapesWorldTest {
  private final ShapesWorld world = new ShapesWorld(7, WorldSettings.standard());

  @Test
  void itemsAndPicturesAreTheSameOnEveryMachine() {
    // Written down when the generator was made: a change here changes every dataset and the shipped
    // base model.
    assertEquals("99aad612", crc(items(Split.TRAIN)));
    assertEquals("a5cce931", crc(items(Split.VALIDATION)));
    assertEquals("97782f2a", crc(world.png(world.item(Split.TRAIN, 0))));
    assertEquals("eff1d93e", crc(world.png(world.item(Split.TEST, 123_456_789L))));
  }

  @Test
  void anItemIsTheSameWhateverWasAskedBefore() {
    ShapesItem alone = new ShapesWorld(7, WorldSettings.standard()).item(Split.TRAIN, 500);
    for (int i = 0; i < 20; i++) {
      world.item(Split.VALIDATION, i);
    }
    assertEquals(alone, world.item(Split.TRAIN, 500));
    assertNotEquals(
        alone.scene(), new ShapesWorld(8, WorldSettings.standard()).item(Split.TRAIN, 500).scene());
  }

  @Test
  void splitsShareNoScene() {
    Set<Scene> train = new HashSet<>();
    Set<Scene> validation = new HashSet<>();
    Set<Scene> test = new HashSet<>();
    for (int i = 0; i < 20_000; i++) {
      train.add(world.item(Split.TRAIN, i).scene());
      validation.add(world.item(Split.VALIDATION, i).scene());
      test.add(new ShapesWorld(99, WorldSettings.standard()).item(Split.TEST, i).scene());
    }
    assertTrue(train.size() > 5_000, "train scenes " + train.size());
    assertTrue(validation.stream().noneMatch(train::contains));
    assertTrue(test.stream().noneMatch(train::contains));
    assertTrue(test.stream().noneMatch(validation::contains));
  }

  @Test
  void aTenthOfAllScenesIsHeldOutForEachOfTheOtherSplits() {
    int[] counts = new int[3];
    for (int code = 0; code < 20_000; code++) {
      counts[Split.of(scene(code)).ordinal()]++;
    }
    assertEquals(0.8, counts[0] / 20_000.0, 0.015);
    assertEquals(0.1, counts[1] / 20_000.0, 0.01);
    assertEquals(0.1, counts[2] / 20_000.0, 0.01);
  }

  @Test
  void kindsFollowTheirWeightsAndAnswersAreBalanced() {
    Map<String, Integer> kinds = new TreeMap<>();
    Map<String, Integer> exist = new TreeMap<>();
    Map<String, Integer> counts = new TreeMap<>();
    int items = 20_000;
    for (int i = 0; i < items; i++) {
      ShapesItem item = world.item(Split.TRAIN, i);
      kinds.merge(item.question().kind().word(), 1, Integer::sum);
      if (item.question() instanceof Question.Exist) {
        exist.merge(item.answer(), 1, Integer::sum);
      }
      if (item.question() instanceof Question.Count) {
        counts.merge(item.answer(), 1, Integer::sum);
      }
    }
    assertEquals(Set.of("color", "shape", "count", "countall", "exist"), kinds.keySet());
    kinds.forEach((kind, count) -> assertEquals(0.2, count / (double) items, 0.015, kind));
    exist.forEach((answer, count) -> assertEquals(0.5, count / (items / 5.0), 0.04, answer));
    assertEquals(Set.of("0", "1", "2", "3"), counts.keySet());
    counts.forEach((answer, count) -> assertEquals(0.25, count / (items / 5.0), 0.03, answer));
  }

  @Test
  void aKindWithoutWeightIsNotAsked() {
    var settings =
        WorldSettings.standard()
            .withQuestions(Map.of(QuestionKind.COLOR, 1.0, QuestionKind.EXIST, 3.0));
    var colours = new ShapesWorld(7, settings);
    int colour = 0;
    for (int i = 0; i < 4_000; i++) {
      QuestionKind kind = colours.item(Split.TRAIN, i).question().kind();
      assertTrue(kind == QuestionKind.COLOR || kind == QuestionKind.EXIST);
      colour += kind == QuestionKind.COLOR ? 1 : 0;
    }
    assertEquals(0.25, colour / 4_000.0, 0.03);
  }

  @Test
  void theUnseenFormStaysInTheTestSplit() {
    WorldSettings plain = WorldSettings.standard();
    var settings =
        new WorldSettings(
            2, plain.shapes(), plain.colours(), 1, 4, 2, 2, 12, 0, 0, plain.questions(), 0.5);
    var unseen = new ShapesWorld(7, settings);
    int third = 0;
    for (int i = 0; i < 2_000; i++) {
      assertTrue(unseen.item(Split.TRAIN, i).form() < 2);
      assertTrue(unseen.item(Split.VALIDATION, i).form() < 2);
      third += unseen.item(Split.TEST, i).form() == 2 ? 1 : 0;
    }
    assertEquals(0.5, third / 2_000.0, 0.04);
  }

  @Test
  void theNameOfAPictureIsEnoughToDrawIt() throws IOException {
    ShapesItem item = new ShapesWorld(-3, WorldSettings.standard()).item(Split.VALIDATION, 42);
    assertEquals("shapes:validation/-3/42", item.image().name());
    assertArrayEquals(world.png(item), world.read(item.image()));
  }

  @Test
  void thePictureShowsTheScene() throws IOException {
    for (int i = 0; i < 50; i++) {
      ShapesItem item = world.item(Split.TRAIN, i);
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(world.png(item)));
      assertEquals(56, image.getWidth());
      assertEquals(56, image.getHeight());
      for (int cell = 0; cell < 4; cell++) {
        int rgb = image.getRGB(cell % 2 * 28 + 14, cell / 2 * 28 + 14);
        switch (item.scene().cells().get(cell)) {
          case Cell.Empty() -> assertEquals(0xFFF5F5F5, rgb, "item " + i + " cell " + cell);
          case Cell.Filled(Colour colour, Shape _) -> {
            for (int channel = 0; channel < 3; channel++) {
              int value = rgb >> (16 - 8 * channel) & 0xFF;
              assertEquals(colour.channel(channel), value, 12, "item " + i + " cell " + cell);
            }
          }
        }
      }
    }
  }

  @Test
  void objectsStayInTheirCells() throws IOException {
    for (int i = 0; i < 50; i++) {
      ShapesItem item = world.item(Split.TRAIN, i);
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(world.png(item)));
      for (int cell = 0; cell < 4; cell++) {
        boolean empty = item.scene().cells().get(cell) instanceof Cell.Empty;
        boolean painted = false;
        for (int pixel = 0; pixel < 28 * 28; pixel++) {
          painted |=
              image.getRGB(cell % 2 * 28 + pixel % 28, cell / 2 * 28 + pixel / 28) != 0xFFF5F5F5;
        }
        assertEquals(!empty, painted, "item " + i + " cell " + cell);
      }
    }
  }

  @Test
  void aLargerNoisyPictureIsReadableToo() throws IOException {
    WorldSettings plain = WorldSettings.standard();
    var settings =
        new WorldSettings(
            3, plain.shapes(), plain.colours(), 1, 6, 1, 2, 0, 20, 80, plain.questions(), 0);
    var large = new ShapesWorld(1, settings);
    BufferedImage image =
        ImageIO.read(new ByteArrayInputStream(large.png(large.item(Split.TEST, 5))));
    assertEquals(84, image.getWidth());
    int top = image.getRGB(42, 0) >> 16 & 0xFF;
    int bottom = image.getRGB(42, 83) >> 16 & 0xFF;
    assertTrue(top - bottom > 30, "red from " + top + " to " + bottom);
  }

  @Test
  void aNameOfNothingIsRefused() {
    for (String name :
        List.of("cat.png", "shapes:train/7", "shapes:dev/7/1", "shapes:train/7/-1")) {
      IOException trouble = assertThrows(IOException.class, () -> world.read(new ImageRef(name)));
      assertTrue(trouble.getMessage().contains(name), trouble.getMessage());
    }
  }

  @Test
  void impossibleSettingsAreRefusedWithTheirName() {
    WorldSettings plain = WorldSettings.standard();
    var trouble =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new WorldSettings(
                    2,
                    plain.shapes(),
                    plain.colours(),
                    1,
                    5,
                    2,
                    2,
                    12,
                    0,
                    0,
                    plain.questions(),
                    0));
    assertEquals("objects-max is 5, expected 1 to 4", trouble.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> plain.withQuestions(Map.of(QuestionKind.COLOR, 0.0)));
    assertThrows(
        IllegalArgumentException.class,
        () -> plain.withQuestions(Map.of(QuestionKind.COLOR, -1.0)));
    assertThrows(IllegalArgumentException.class, () -> QuestionKind.named("colour"));
    assertFalse(plain.questions().isEmpty());
  }

  @Test
  void aWorldTooSmallForASplitIsRefused() {
    // One object of two shapes and two colours: 16 scenes, so that some splits have none.
    List<String> refused = new ArrayList<>();
    for (Colour other :
        List.of(Colour.GREEN, Colour.BLUE, Colour.YELLOW, Colour.PURPLE, Colour.ORANGE)) {
      for (Shape shape : List.of(Shape.SQUARE, Shape.TRIANGLE, Shape.DIAMOND)) {
        var settings =
            new WorldSettings(
                2,
                List.of(Shape.CIRCLE, shape),
                List.of(Colour.RED, other),
                1,
                1,
                2,
                2,
                12,
                0,
                0,
                Map.of(QuestionKind.COLOR, 1.0),
                0);
        var small = new ShapesWorld(7, settings);
        small.requireQuestions(Split.TRAIN);
        try {
          small.requireQuestions(Split.TEST);
        } catch (IllegalArgumentException e) {
          refused.add(e.getMessage());
        }
      }
    }
    assertFalse(refused.isEmpty());
    for (String message : refused) {
      assertTrue(
          message.startsWith("no scene of split test allows a question of kind color under "),
          message);
    }
  }

  private String items(Split split) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      ShapesItem item = world.item(split, i);
      CriticPair pair = CriticPair.of(item, world.settings(), PairSettings.standard());
      text.append(item.scene().scan())
          .append('|')
          .append(item.questionText())
          .append('|')
          .append(item.answer());
      text.append('|').append(pair.firstText()).append('|').append(pair.secondText()).append('\n');
    }
    return text.toString();
  }

  /** Any scene; different codes give different scenes. */
  private static Scene scene(int code) {
    int rest = code + 1;
    List<Cell> cells = new ArrayList<>();
    for (int cell = 0; cell < 4; cell++) {
      int value = rest % 25;
      rest /= 25;
      cells.add(
          value == 0
              ? new Cell.Empty()
              : new Cell.Filled(Colour.values()[(value - 1) / 4], Shape.values()[(value - 1) % 4]));
    }
    return new Scene(2, cells);
  }

  private static String crc(String text) {
    return crc(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String crc(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return Long.toHexString(crc.getValue());
  }
}
