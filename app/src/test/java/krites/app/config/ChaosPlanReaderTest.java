package krites.app.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ChaosPlanReaderTest {
  private static final Path EXAMPLES = Path.of("..", "cluster-conf", "examples", "chaos");
  private static final String ALL =
      "nodes = [{ name = all, roles = [orchestrator, params, learner, rollout, reward] }]\n";

  @TempDir private Path folder;

  private ChaosPlan read(String text) throws IOException {
    return new ChaosPlanReader().read(Files.writeString(folder.resolve("storm.conf"), text));
  }

  @Test
  void aWholePlanIsRead() throws IOException {
    ChaosPlan plan =
        read(
            ALL
                + """
                seed = 7, config = [smoke], set { run.steps = 9 }, node { quorum = 1, weights.plane = bulk }
                quiet-seconds = 1, interval-seconds-min = 2, interval-seconds-max = 3, restart-seconds = 4
                minutes-max = 5, steps-after = 6, baseline-steps = 50, heap-mib = 256, goodput-share-min = 0.5
                faults = [
                  { kind = cut, groups = [all], count = 3, seconds-min = 6, seconds-max = 8 }
                  { kind = delay, delay-millis = 70 }
                ]
                """);

    assertEquals("storm", plan.name());
    assertEquals(7, plan.seed());
    assertEquals(9, plan.job().resolve().config().run().steps());
    assertEquals(new ChaosPlan.Times(1, 2, 3, 4, 6, 50, 5), plan.times());
    assertEquals(50, plan.withoutFaults().times().stepsAfter());
    assertEquals(List.of(), plan.withoutFaults().faults());
    assertEquals(256, plan.heapMib());
    assertEquals(0.5, plan.goodputShareMin());
    assertEquals(
        List.of(
            new ChaosPlan.Fault(ChaosPlan.Kind.CUT, List.of("all"), 3, 6, 8, 200),
            new ChaosPlan.Fault(ChaosPlan.Kind.DELAY, List.of("all"), 1, 5, 30, 70)),
        plan.faults());
  }

  @Test
  void settingsOfAProcessAreThoseOfThePlanWithItsOwn() throws IOException {
    ChaosPlan plan = read(ALL + "node { quorum = 1, heartbeat-pause-seconds = 4 }");
    Path file =
        Files.writeString(
            folder.resolve("node.conf"),
            plan.nodeSettings(Map.of("host", "127.0.1.1", "port", 7, "weights.port", 8)));

    NodeConfig node =
        NodeConfig.read(Optional.of(file), Map.of(), "krites 1", name -> Optional.empty());

    assertEquals("127.0.1.1", node.settings().host());
    assertEquals(7, node.settings().port());
    assertEquals(4, node.settings().downing().heartbeatPause().toSeconds());
  }

  @Test
  void everyExampleIsAPlanThatHitsEveryGroup() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      List<Path> examples = files.toList();
      assertEquals(3, examples.size(), examples.toString());
      for (Path example : examples) {
        ChaosPlan plan = new ChaosPlanReader().read(example);
        assertTrue(plan.job().resolve().config().run().steps() > 0);
        for (ChaosPlan.Group group : plan.groups()) {
          assertFalse(
              plan.faults().stream().noneMatch(fault -> fault.groups().contains(group.name())),
              example + " leaves out " + group);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          sead = 3 | :2: unknown key chaos.sead; the nearest known key is chaos.seed
          faults = [{ kind = burn }] | :2: kind: expected one of kill, pause, leave, cut, delay, found "burn"
          faults = [{ groups = [some] }] | :2: groups: no group is named some; there are [all]
          faults = [{ count = 0 }] | :2: count: expected at least 1, found 0
          faults = [{ seconds-min = 9, seconds-max = 8 }] | :2: seconds-max: expected at least 9, found 8
          set { run.dir = x } | :2: run.dir: the run decides that; leave it out
          set { run.stebs = 1 } | unknown key run.stebs; the nearest known key is run.steps
          node { port = 1 } | :2: port: the run decides that; leave it out
          node { kworum = 1 } | unknown key node.kworum; the nearest known key is node.quorum
          interval-seconds-max = 3 | :2: interval-seconds-max: expected at least 20, found 3
          goodput-share-min = 2 | :2: goodput-share-min: expected 0 to 1, found 2.0
          nodes = [{ name = a, roles = [learner] }] | nodes: no group has the role orchestrator
          nodes = [{ name = a, roles = [boss] }] | roles: role boss does not exist; roles are orchestrator, params, learner, rollout, reward, voter
          nodes = [{ roles = [learner] }] | nodes: expected a name of letters, digits, . _ and -, found ""
          nodes = [] | nodes: expected a list of at least one { name = ..., roles = [...] }
          """)
  void mistakesAreOneLineWithTheirPlaceAndKey(String text, String message) {
    ConfigError error = assertThrows(ConfigError.class, () -> read(ALL + text));

    assertTrue(
        String.valueOf(error.getMessage()).contains("storm.conf")
            && String.valueOf(error.getMessage()).endsWith(message),
        error.getMessage());
  }

  @Test
  void everyKeyIsDocumentedByASentenceAndItsValues() {
    KnownKeys.load("chaos.conf")
        .keys()
        .forEach(
            (key, doc) ->
                assertTrue(doc.matches("[A-Z].*\\. \\[.+]"), key + " is documented as: " + doc));
  }
}
