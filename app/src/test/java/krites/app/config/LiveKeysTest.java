package krites.app.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import krites.grpo.flow.LiveSetting;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LiveKeysTest {
  private static final Map<String, String> OTHER_VALUES =
      Map.of(
          "async.max-staleness", "7",
          "learner.lr", "0.25",
          "algorithm.clip-low", "0.125",
          "algorithm.clip-high", "0.75",
          "algorithm.kl-coefficient", "0.5",
          "algorithm.drop-flat-groups", "true",
          "rollout.workers", "3");

  @TempDir Path folder;

  /** A new live setting without a key, or a key that sets another one, is found here. */
  @Test
  void everyLiveSettingHasItsKeyAndSurvivesInTheConfiguration() throws IOException {
    ResolvedConfig before = new ConfigReader().withConfigs(List.of()).read();
    assertEquals(OTHER_VALUES.keySet(), LiveKeys.values(before.config()).keySet());
    Path file = Files.writeString(folder.resolve("run.conf"), before.text());
    Set<Class<?>> kinds = new HashSet<>();

    for (Map.Entry<String, String> other : OTHER_VALUES.entrySet()) {
      LiveSetting setting = LiveKeys.setting(file, other.getKey(), other.getValue());
      assertEquals(other.getKey(), setting.key());
      assertEquals(other.getValue(), setting.value());
      kinds.add(setting.getClass());
      Files.writeString(file, LiveKeys.changed(file, setting).text());
    }

    assertEquals(Set.of(LiveSetting.class.getPermittedSubclasses()), kinds);
    RunConfig after = new ConfigReader().withResolvedFile(file).read().config();
    assertEquals(OTHER_VALUES, LiveKeys.values(after));
  }

  @Test
  void aKeyThatCannotChangeNamesThoseThatCan() throws IOException {
    Path file = Files.writeString(folder.resolve("run.conf"), "");

    String message =
        assertThrows(ConfigError.class, () -> LiveKeys.setting(file, "run.seed", "3")).getMessage();

    assertTrue(
        message.startsWith(
            "set run.seed=3: run.seed cannot change while a run goes on; these can: "
                + "algorithm.clip-high, algorithm.clip-low, "),
        message);
  }

  @Test
  void aValueIsRefusedAsInTheConfiguration() throws IOException {
    Path file = Files.writeString(folder.resolve("run.conf"), "");

    assertEquals(
        "set async.max-staleness=-1: async.max-staleness: expected a whole number of at least 0,"
            + " found -1",
        assertThrows(ConfigError.class, () -> LiveKeys.setting(file, "async.max-staleness", "-1"))
            .getMessage());
    assertEquals(
        "set rollout.workers=many: rollout.workers: expected a whole number, found \"many\"",
        assertThrows(ConfigError.class, () -> LiveKeys.setting(file, "rollout.workers", "many"))
            .getMessage());
  }
}
