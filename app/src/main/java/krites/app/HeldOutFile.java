package krites.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import krites.app.display.HeldOut;
import krites.app.run.JsonFile;
import krites.app.run.RunHistory;

/** A held-out evaluation of a model directory as {@code result.json} in a folder. */
public final class HeldOutFile {
  private static final String FILE = "result.json";
  private static final String ACCURACY = "accuracy";
  private static final String LAYOUT = "layout";

  private HeldOutFile() {}

  /** Whether a folder has one. */
  public static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(FILE));
  }

  /** What was measured; nothing if there is no file. */
  public static HeldOut read(Path folder) {
    Map<String, Object> sets = JsonFile.read(folder.resolve(FILE));
    HeldOut heldOut = HeldOut.none(0);
    for (Map.Entry<String, Object> set : sets.entrySet()) {
      if (set.getValue() instanceof Map<?, ?> numbers) {
        heldOut =
            RunHistory.with(
                heldOut, set.getKey(), number(numbers, ACCURACY), number(numbers, LAYOUT));
      }
    }
    return heldOut;
  }

  static void write(Path folder, HeldOut heldOut) {
    Map<String, Object> sets = new LinkedHashMap<>();
    put(sets, RunHistory.CRITIC, heldOut.criticAccuracy(), heldOut.criticFormat());
    put(sets, RunHistory.POLICY, heldOut.policyAccuracy(), heldOut.policyFormat());
    JsonFile.write(folder.resolve(FILE), sets);
  }

  private static void put(
      Map<String, Object> sets, String name, OptionalDouble accuracy, OptionalDouble layout) {
    if (accuracy.isPresent()) {
      Map<String, Object> numbers = new LinkedHashMap<>();
      numbers.put(ACCURACY, accuracy.getAsDouble());
      layout.ifPresent(value -> numbers.put(LAYOUT, value));
      sets.put(name, numbers);
    }
  }

  private static OptionalDouble number(Map<?, ?> numbers, String key) {
    return numbers.get(key) instanceof Number value
        ? OptionalDouble.of(value.doubleValue())
        : OptionalDouble.empty();
  }
}
