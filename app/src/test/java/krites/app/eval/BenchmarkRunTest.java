package krites.app.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.TreeMap;
import krites.data.shapes.ShapesWorld;
import krites.data.shapes.WorldSettings;
import org.junit.jupiter.api.Test;

final class BenchmarkRunTest {
  /** A copied map has another order in each process; an evaluation must know its world again. */
  @Test
  void aWorldIsToldInTheSameWordsInEveryProcess() {
    WorldSettings settings = WorldSettings.standard();
    String words = BenchmarkRun.words(new ShapesWorld(1, settings));

    assertTrue(words.contains(new TreeMap<>(settings.questions()).toString()), words);
    assertEquals(words, BenchmarkRun.words(new ShapesWorld(1, settings)));
    assertNotEquals(words, BenchmarkRun.words(new ShapesWorld(2, settings)));
  }
}
