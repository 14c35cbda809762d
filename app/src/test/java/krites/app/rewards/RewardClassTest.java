package krites.app.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import krites.app.InputError;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.port.RewardFunction;
import org.junit.jupiter.api.Test;

final class RewardClassTest {
  /** Takes no options. */
  public static final class Plain implements RewardFunction {
    @Override
    public Reward score(Prompt prompt, Response response) {
      return new Reward(1, Map.of());
    }
  }

  /** Whose author forgot the constructor. */
  public static final class NoWayIn implements RewardFunction {
    private NoWayIn(int number) {
      assert number > 0;
    }

    @Override
    public Reward score(Prompt prompt, Response response) {
      return new Reward(1, Map.of());
    }
  }

  /** Whose constructor fails. */
  public static final class Thrower implements RewardFunction {
    public Thrower() {
      throw new IllegalStateException("no licence");
    }

    @Override
    public Reward score(Prompt prompt, Response response) {
      return new Reward(1, Map.of());
    }
  }

  /** Whose constants fail. */
  public static final class BadConstants implements RewardFunction {
    static final int NUMBER = Integer.parseInt("x");

    @Override
    public Reward score(Prompt prompt, Response response) {
      return new Reward(NUMBER, Map.of());
    }
  }

  static final class Hidden implements RewardFunction {
    @Override
    public Reward score(Prompt prompt, Response response) {
      return new Reward(1, Map.of());
    }
  }

  /** No reward, and nothing of it may run. */
  public static final class Stranger {
    static {
      Ran.ran = true;
    }
  }

  static final class Ran {
    static boolean ran;
  }

  @Test
  void aClassIsMadeByEitherConstructor() {
    assertInstanceOf(Plain.class, RewardClass.load(Plain.class.getName(), Map.of()));
    assertInstanceOf(
        Brevity.class, RewardClass.load(Brevity.class.getName(), Map.of("letters", "40")));
  }

  @Test
  void whatIsWrongWithAClassIsOneClearLine() {
    assertEquals(
        "reward.class: there is no class com.example.Nowhere on the class path; KRITES_CLASSPATH"
            + " adds folders and jars to it",
        refused("com.example.Nowhere", Map.of()));
    assertEquals(
        "reward.class: "
            + name(Stranger.class)
            + " does not implement krites.grpo.port.RewardFunction",
        refused(name(Stranger.class), Map.of()));
    assertTrue(!Ran.ran, "code of a class that is no reward has run");
    assertEquals(
        "reward.class: " + name(Hidden.class) + " is not a public class that can be made",
        refused(name(Hidden.class), Map.of()));
    assertEquals(
        "reward.class: "
            + RewardFunction.class.getName()
            + " is not a public class that can be made",
        refused(RewardFunction.class.getName(), Map.of()));
    assertTrue(
        refused(name(NoWayIn.class), Map.of()).contains("has no public constructor, expected one"));
    assertEquals(
        "reward.class: "
            + name(Plain.class)
            + " has no public constructor with a Map, which takes reward.class-options = {a=1}",
        refused(name(Plain.class), Map.of("a", "1")));
    assertEquals(
        "reward.class: "
            + name(Thrower.class)
            + " cannot be made: java.lang.IllegalStateException: no licence",
        refused(name(Thrower.class), Map.of()));
    assertTrue(refused(name(BadConstants.class), Map.of()).contains(" cannot be made: "));
    assertTrue(
        refused(name(Brevity.class), Map.of("letters", "many"))
            .contains("NumberFormatException: For input string: \"many\""));
  }

  @Test
  void theExampleOfThePageIsTheClassThatIsTested() throws IOException {
    String page = Files.readString(Path.of("../docs/rewards.md"));
    String source = Files.readString(Path.of("src/test/java/krites/app/rewards/Brevity.java"));
    String body = source.substring(source.indexOf("public final class"));
    assertTrue(page.contains(body), "docs/rewards.md shows another class than the tested one");
  }

  private static String name(Class<?> type) {
    return type.getName();
  }

  private static String refused(String name, Map<String, String> options) {
    return assertThrows(InputError.class, () -> RewardClass.load(name, options)).getMessage();
  }
}
