package krites.app.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The names of metrics that stand in the sources are explained in {@code docs/metrics.md}. */
class MetricsPageTest {
  private static final Pattern NAME =
      Pattern.compile(
          "\"((?:reward|response|groups|dropped|bias|step|seconds|learner|rollout)/[a-z_]*[a-z])\"");

  @Test
  void everyMetricInTheSourcesIsExplained() throws IOException {
    String page = Files.readString(Path.of("../docs/metrics.md"));

    Set<String> unexplained = new TreeSet<>();
    for (String room : List.of("grpo", "actors", "learner", "rollout", "app")) {
      for (String name : namesIn(Path.of("..", room, "src", "main", "java"))) {
        if (!page.contains("`" + name + "`")) {
          unexplained.add(name);
        }
      }
    }

    assertEquals(Set.of(), unexplained);
  }

  @Test
  void theSearchFindsNames() throws IOException {
    assertTrue(
        namesIn(Path.of("..", "actors", "src", "main", "java")).contains("reward/mean"),
        "the search has gone blind");
    assertTrue(
        namesIn(Path.of("..", "grpo", "src", "main", "java")).contains("bias/z"),
        "the search has gone blind in grpo");
  }

  private static Set<String> namesIn(Path sources) throws IOException {
    try (var files = Files.walk(sources)) {
      Set<String> names = new TreeSet<>();
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        NAME.matcher(Files.readString(file))
            .results()
            .map((MatchResult found) -> found.group(1))
            .forEach(names::add);
      }
      return names;
    }
  }
}
