package krites.app;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import krites.actors.HostedParts;
import krites.actors.Job;
import krites.actors.Lead;
import krites.actors.NodeRooms;
import krites.actors.WeightSource;
import krites.app.config.ConfigReader;
import krites.app.config.RunConfig;
import krites.app.run.Checkpoints;
import krites.app.run.RunDirectory;
import krites.grpo.PolicyVersion;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.WeightVerifier;

/**
 * What a node makes its parts of a job from.
 *
 * @param rooms the numerical rooms and the reward
 * @param devices of this node, which replace those that a job names; empty leaves the job's
 */
record ClusterRooms(TrainingRun.Rooms rooms, List<String> devices) implements NodeRooms {
  ClusterRooms {
    devices = List.copyOf(devices);
  }

  @Override
  public Lead lead(Job job, boolean again) {
    return ClusterLead.open(job, again);
  }

  @Override
  public HostedParts host(Job job) {
    RunConfig config = config(job);
    Datasets datasets = InputError.guard(() -> Datasets.of(config));
    Path folder = Path.of(job.folder());
    Engines engines =
        InputError.guard(
            () -> rooms.engines().createBesideOthers(config, datasets.images(), folder));
    return new Hosted(
        config, folder, engines, rooms.reward().apply(config.reward(), datasets.images()));
  }

  /** The job's settings, but for what belongs to the node. */
  private RunConfig config(Job job) {
    ConfigReader reader = new ConfigReader().withResolvedText("job " + job.id(), job.config());
    String origin = "the node's own";
    reader.withValue(origin, "engine.pin", "off"); // other nodes may share this machine
    if (!devices.isEmpty()) {
      reader.withValue(origin, "rollout.devices", "[\"" + String.join("\", \"", devices) + "\"]");
      reader.withValue(origin, "learner.device", devices.getFirst());
    }
    return reader.read().config();
  }

  private record Hosted(RunConfig config, Path folder, Engines engines, RewardFunction reward)
      implements HostedParts {
    @Override
    public RolloutEngine engine(int seat) {
      return engines.rollout(seat);
    }

    @Override
    public PolicyTrainer trainer(long step, PolicyVersion version) {
      return engines.trainer(saved(step), version);
    }

    /** A checkpoint may stand under another name while its successor is put in place. */
    private Optional<Path> saved(long step) {
      if (step == 0) {
        return Optional.empty();
      }
      return RunDirectory.newestCheckpoint(folder)
          .filter(newest -> newest.step() == step)
          .map(Checkpoints.Checkpoint::folder)
          .or(() -> Optional.of(RunDirectory.checkpointFolder(folder, step)));
    }

    @Override
    public CheckpointStore checkpoints() {
      return RunDirectory.checkpointsOf(folder, config.checkpoint().keep());
    }

    @Override
    public WeightVerifier weights() {
      return engines.weights();
    }

    @Override
    public WeightSource weightSource() {
      return WeightSource.SHARED;
    }

    @Override
    public void close() {
      engines.close();
    }
  }
}
