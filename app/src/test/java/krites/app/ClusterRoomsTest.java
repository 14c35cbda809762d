package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import krites.actors.HostedParts;
import krites.actors.Job;
import krites.app.config.ConfigReader;
import krites.app.weights.MemberPlanes;
import krites.grpo.PolicyVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterRoomsTest {
  @Test
  void onlyALearnerThatFollowsALostOneWaitsForRoomOnTheDisk(@TempDir Path folder) {
    FakeEngines engines = new FakeEngines(0);
    TrainingRun.Rooms rooms =
        new TrainingRun.Rooms(
            (_, _, _) -> engines,
            (_, _) ->
                (_, _) -> {
                  throw new UnsupportedOperationException("nothing is scored here");
                });
    String config = new ConfigReader().withConfigs(List.of("smoke")).read().text();
    Job job = new Job("job", config, folder.toString(), false, "version", "0".repeat(32));
    ClusterRooms node =
        new ClusterRooms(
            rooms,
            List.of(),
            Optional.empty(),
            new MemberPlanes("127.0.0.1", "127.0.0.1", 0, Optional.empty()),
            false);

    try (HostedParts parts = node.host(job)) {
      parts.trainer(0, new PolicyVersion(0, 0)).close();
      assertEquals(List.of("trainer"), engines.asked);

      parts.trainer(0, new PolicyVersion(1, 0)).close();
      assertEquals(List.of("trainer", "room", "trainer"), engines.asked);
    }
  }
}
