package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a node's settings make of the actor system's. */
final class KritesNodeTest {
  private static final List<String> SEEDS = List.of("10.0.0.1:7400", "10.0.0.2:7400");

  private static Duration waitsForSeeds(String host, int quorum) {
    NodeSettings settings =
        new NodeSettings(
            host,
            7400,
            Optional.empty(),
            SEEDS,
            Set.of("orchestrator"),
            "krites",
            "1",
            NodeSettings.Downing.USUAL.withQuorum(quorum),
            Optional.empty());
    return KritesNode.config(settings, ConfigFactory.empty())
        .getDuration("pekko.cluster.seed-node-timeout");
  }

  @Test
  void whoMayBeginAClusterBesideOneThatIsThereAsksLonger() {
    assertEquals(Duration.ofSeconds(15), waitsForSeeds("10.0.0.1", 2));
    assertEquals(Duration.ofSeconds(2), waitsForSeeds("10.0.0.2", 2), "it cannot begin one");
    assertEquals(Duration.ofSeconds(2), waitsForSeeds("10.0.0.1", 1), "it is alone with its vote");
  }
}
