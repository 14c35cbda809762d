package krites.app.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NodeConfigTest {
  private static final Path EXAMPLES = Path.of("..", "cluster-conf", "examples");

  @TempDir private Path folder;

  private static NodeConfig read(Optional<Path> file, Map<String, Object> options) {
    return NodeConfig.read(file, options, "krites 1", name -> Optional.empty());
  }

  private NodeConfig read(String text) throws IOException {
    return read(Optional.of(Files.writeString(folder.resolve("node.conf"), text)), Map.of());
  }

  @Test
  void withoutAnythingANodeListensOnLoopbackAndAnswersNoHttp() {
    NodeConfig config = read(Optional.empty(), Map.of());
    assertEquals("127.0.0.1", config.settings().host());
    assertEquals(Optional.empty(), config.settings().tls());
    assertEquals(0, config.health().port());
    assertFalse(config.allowPlain());
  }

  @Test
  void optionsWinOverTheFileAndTheFileOverTheDefaults() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("a.conf"), "node { port = 7, roles = [learner], quorum = 3 }");
    NodeConfig config = read(Optional.of(file), Map.of("port", 8));
    assertEquals(8, config.settings().port());
    assertEquals(Set.of("learner"), config.settings().roles());
    assertEquals(3, config.settings().downing().quorum());
  }

  @Test
  void whatCannotBeIsToldWithItsKey() {
    assertTold("node.prot", "node.prot = 7");
    assertTold("node.port", "node.port = many");
    assertTold("boss", "node.roles = [boss]");
    assertTold("quorum 0", "node.quorum = 0");
    assertTold("must be longer", "node.voter-unreachable-seconds = 12");
    assertTold("node.no-quorum-seconds", "node.no-quorum-seconds = 0");
    assertTold("no such store", "node.tls.key-store = \"no such store\"");
    assertTold("70000", "node.port = 70000");
  }

  private void assertTold(String part, String text) {
    String message = assertThrows(ConfigError.class, () -> read(text)).getMessage();
    assertTrue(String.valueOf(message).contains(part), message);
    assertFalse(String.valueOf(message).contains("\n"), message);
  }

  @Test
  void everyKeyIsExplainedWithItsUnitOrItsValues() {
    Config defaults = ConfigFactory.parseResources("node.conf");
    for (Map.Entry<String, ConfigValue> key : defaults.entrySet()) {
      String comment = String.join(" ", key.getValue().origin().comments());
      assertTrue(comment.matches("(?s).+\\[.+\\]\\s*"), key.getKey() + ": " + comment);
    }
  }

  /** Those that name certificates of a cluster are read without them. */
  @Test
  void everyExampleHasKnownKeysOnly() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      List<Path> examples = files.filter(file -> file.toString().endsWith(".conf")).toList();
      assertTrue(examples.size() >= 6, examples.toString());
      for (Path example : examples) {
        NodeConfig config = read(Optional.of(example), Map.of());
        assertFalse(config.settings().roles().isEmpty(), example.toString());
        assertFalse(config.settings().seeds().isEmpty(), example.toString());
      }
    }
  }
}
