package krites.app;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import krites.actors.HostedParts;
import krites.actors.Job;
import krites.actors.Lead;
import krites.actors.NodeRooms;
import krites.app.config.ConfigReader;
import krites.app.config.RunConfig;
import krites.app.run.Checkpoints;
import krites.app.run.RunDirectory;
import krites.app.run.ScratchFolder;
import krites.app.weights.MemberPlanes;
import krites.app.weights.WeightPlane;
import krites.grpo.PolicyVersion;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberPlane;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.TrainerMember;
import krites.grpo.port.WeightTransport;
import krites.grpo.port.WeightVerifier;
import org.jspecify.annotations.Nullable;

/**
 * What a node makes its parts of a job from.
 *
 * @param rooms the numerical rooms and the reward
 * @param devices of this node, which replace those that a job names; empty leaves the job's
 * @param plane over which weights travel; empty where all nodes read the job's folder
 * @param members where its member of a learner listens for the others
 * @param succeeds whether it may take a job's folder from a leader that is not gone: only one that
 *     a quorum of several voters chose knows that no other leads
 */
record ClusterRooms(
    TrainingRun.Rooms rooms,
    List<String> devices,
    Optional<WeightPlane> plane,
    MemberPlanes members,
    boolean succeeds)
    implements NodeRooms {
  ClusterRooms {
    devices = List.copyOf(devices);
  }

  @Override
  public Lead lead(Job job, boolean again) {
    return ClusterLead.open(job, again, succeeds);
  }

  @Override
  public HostedParts host(Job job) {
    RunConfig config = config(job);
    Datasets datasets = InputError.guard(() -> Datasets.of(config));
    Path folder = Path.of(job.folder());
    Engines engines =
        InputError.guard(
            () -> rooms.engines().createBesideOthers(config, datasets.images(), folder));
    RewardFunction reward = rooms.reward().apply(config.reward(), datasets.images());
    Optional<Copies> copies =
        plane.map(
            weights ->
                new Copies(
                    weights,
                    job,
                    place -> rooms.engines().createBesideOthers(config, datasets.images(), place)));
    return new Hosted(
        config,
        folder,
        engines,
        reward,
        copies,
        () -> members.open(job.secret()),
        new AtomicBoolean());
  }

  /** The job's settings, but for what belongs to the node. */
  private RunConfig config(Job job) {
    ConfigReader reader = new ConfigReader().withResolvedText("job " + job.id(), job.config());
    String origin = "the node's own";
    reader.withValue(origin, "engine.pin", "off"); // other nodes may share this machine
    if (!devices.isEmpty()) {
      reader.withDevices(origin, devices);
    }
    return reader.read().config();
  }

  /**
   * What a node does for a job.
   *
   * @param lostLearner whether a learner was here before: the next one goes back to a checkpoint
   */
  private record Hosted(
      RunConfig config,
      Path folder,
      Engines engines,
      RewardFunction reward,
      Optional<Copies> copies,
      Supplier<MemberPlane> planes,
      AtomicBoolean lostLearner)
      implements HostedParts {
    /** Of the time that the run waits for anything, how much may pass until the disk has room. */
    private static final double PATIENCE = 0.8;

    @Override
    public RolloutEngine engine(int seat) {
      return copies.map(Copies::engines).orElse(engines).rollout(seat);
    }

    @Override
    public RolloutEngine evaluator(int seat) {
      return copies.map(Copies::engines).orElse(engines).evaluator(seat);
    }

    @Override
    public PolicyTrainer trainer(long step, PolicyVersion version) {
      awaitRoom();
      return engines.trainer(saved(step), version);
    }

    @Override
    public PolicyTrainer leadingTrainer(long step, PolicyVersion version, MemberExchange members) {
      awaitRoom();
      return engines.leadingTrainer(saved(step), version, members);
    }

    @Override
    public TrainerMember member(long step, PolicyVersion version, MemberExchange members) {
      return engines.member(saved(step), version, members);
    }

    @Override
    public MemberPlane memberPlane() {
      return planes.get();
    }

    /** A learner that was lost to a full disk would be lost again, and again, within seconds. */
    private void awaitRoom() {
      if (lostLearner.getAndSet(true)) {
        long patience = Math.round(1e3 * PATIENCE * config.run().stallSeconds());
        new DiskRoom(folder, Duration.ofMillis(patience)).await(engines.diskBytes());
      }
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
    public Optional<Supplier<WeightTransport>> incomingWeights() {
      return copies.map(node -> node::incoming);
    }

    @Override
    public Supplier<Optional<WeightTransport>> outgoingWeights() {
      return () -> copies.map(node -> node.outgoing(folder.resolve(DjlEngines.WEIGHTS)));
    }

    @Override
    public void close() {
      try (Engines _ = engines) {
        copies.ifPresent(Copies::close);
      }
    }
  }

  /**
   * A node's own copies of a job's weights, in a folder of their own that is gone with the job, and
   * the engines that read them. Made at the first use.
   */
  private static final class Copies implements AutoCloseable {
    private final WeightPlane plane;
    private final Job job;
    private final Function<Path, Engines> factory;
    private @Nullable ScratchFolder folder;
    private @Nullable Engines engines;

    Copies(WeightPlane plane, Job job, Function<Path, Engines> factory) {
      this.plane = plane;
      this.job = job;
      this.factory = factory;
    }

    synchronized Engines engines() {
      Engines made = engines;
      if (made == null) {
        made = factory.apply(place());
        engines = made;
      }
      return made;
    }

    WeightTransport incoming() {
      Path place = place();
      return plane.incoming(
          place.resolve(DjlEngines.WEIGHTS),
          place.resolve("incoming"),
          job.secret(),
          update -> engines().arrived(update));
    }

    WeightTransport outgoing(Path weights) {
      return plane.outgoing(weights, place().resolve("outgoing"), job.secret());
    }

    private synchronized Path place() {
      ScratchFolder made = folder;
      if (made == null) {
        made = ScratchFolder.make(plane.folder(), "krites-weights-");
        folder = made;
      }
      return made.path();
    }

    @Override
    public synchronized void close() {
      try (ScratchFolder _ = folder) {
        if (engines != null) {
          engines.close();
        }
      }
    }
  }
}
