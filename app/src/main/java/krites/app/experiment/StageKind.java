package krites.app.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import krites.app.HeldOutFile;
import krites.app.ModelFolder;
import krites.app.RejectionFiles;
import krites.app.config.ResolvedConfig;
import krites.app.config.RunConfig;
import krites.app.run.Checkpoints;
import krites.app.run.DurableFiles;
import krites.app.run.JsonFile;
import krites.app.run.RunDirectory;
import krites.app.run.RunFileException;
import krites.grpo.record.RunSummary;
import krites.model.lora.LoraFiles;

/**
 * What a stage of an arm does: the verbs that do it, the key that names the model it starts from,
 * and what it leaves. A verb that was interrupted is given again and goes on.
 */
enum StageKind {
  /** Reinforcement learning: {@code krites train}. */
  TRAIN("model.path") {
    @Override
    Optional<List<String>> next(StageFolder folder, RunConfig config) {
      Path run = folder.run();
      if (!isComplete(folder, config)) {
        return Optional.of(canGoOn(run) ? goOn(run) : begin(folder));
      }
      Path checkpoint = checkpoint(folder);
      return LoraFiles.isAdapter(checkpoint) && !Files.exists(folder.model())
          ? Optional.of(
              List.of("model", "export", checkpoint.toString(), "--out", folder.model().toString()))
          : Optional.empty();
    }

    private boolean isComplete(StageFolder folder, RunConfig config) {
      Map<String, Object> summary = JsonFile.read(folder.run().resolve(RunDirectory.SUMMARY));
      return RunSummary.Outcome.COMPLETED
              .name()
              .equalsIgnoreCase(String.valueOf(summary.get("outcome")))
          && summary.get("steps") instanceof Number steps
          && steps.longValue() >= config.run().steps();
    }

    private List<String> begin(StageFolder folder) {
      clear(folder.run());
      return List.of(
          "train", "--config", folder.settings().toString(), "--run-dir", folder.run().toString());
    }

    private List<String> goOn(Path run) {
      return List.of("train", "--resume", run.toString());
    }

    @Override
    StageEnd end(StageFolder folder, RunConfig config) {
      Path checkpoint = checkpoint(folder);
      return new StageEnd(LoraFiles.isAdapter(checkpoint) ? folder.model() : checkpoint, Map.of());
    }

    private Path checkpoint(StageFolder folder) {
      return RunDirectory.newestCheckpoint(folder.run())
          .map(Checkpoints.Checkpoint::folder)
          .orElseThrow(
              () -> new IllegalStateException(folder.run() + " ended without a checkpoint"));
    }
  },

  /** Supervised learning: {@code krites sft}, and an evaluation of what it made. */
  SFT("sft.from") {
    @Override
    Optional<List<String>> next(StageFolder folder, RunConfig config) {
      if (!Files.exists(folder.model())) {
        return Optional.of(
            List.of(
                "sft",
                "--config",
                folder.settings().toString(),
                "--out",
                folder.model().toString()));
      }
      return HeldOutFile.isIn(folder.evaluation())
          ? Optional.empty()
          : Optional.of(
              List.of(
                  "eval",
                  folder.model().toString(),
                  "--config",
                  folder.settings().toString(),
                  "--out",
                  folder.evaluation().toString()));
    }

    @Override
    StageEnd end(StageFolder folder, RunConfig config) {
      return new StageEnd(folder.model(), Map.of());
    }
  },

  /**
   * Rejection sampling: {@code krites reject}. The model stays; the next stage, a supervised one,
   * learns from the answers that were kept.
   */
  REJECT("model.path") {
    @Override
    Optional<List<String>> next(StageFolder folder, RunConfig config) {
      return Files.exists(answers(folder))
          ? Optional.empty()
          : Optional.of(
              List.of(
                  "reject",
                  "--config",
                  folder.settings().toString(),
                  "--out",
                  folder.path().resolve("rejected").toString()));
    }

    @Override
    StageEnd end(StageFolder folder, RunConfig config) {
      return new StageEnd(
          ModelFolder.place(config.model()), Map.of("sft.data", answers(folder).toString()));
    }

    private Path answers(StageFolder folder) {
      return folder.path().resolve("rejected").resolve(RejectionFiles.ANSWERS);
    }
  };

  private final String startKey;

  StageKind(String startKey) {
    this.startKey = startKey;
  }

  /** The key of its settings that names the model it starts from. */
  String startKey() {
    return startKey;
  }

  /**
   * The next verb with its options; empty when the stage is done.
   *
   * @param config its settings
   */
  abstract Optional<List<String>> next(StageFolder folder, RunConfig config);

  /**
   * What a stage leaves that is done.
   *
   * @param config its settings
   */
  abstract StageEnd end(StageFolder folder, RunConfig config);

  /** Its name in an experiment file. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The kind of a name. */
  static Optional<StageKind> named(String name) {
    return Arrays.stream(values()).filter(kind -> kind.word().equals(name)).findFirst();
  }

  /** All names, for messages. */
  static String words() {
    return Arrays.stream(values()).map(StageKind::word).collect(Collectors.joining(", "));
  }

  /**
   * The model that a stage starts from.
   *
   * @param resolved its settings
   */
  String start(ResolvedConfig resolved) {
    return switch (this) {
      case TRAIN, REJECT -> resolved.config().model().path();
      case SFT -> resolved.config().sft().from();
    };
  }

  /** Whether a run left something to go on from. */
  private static boolean canGoOn(Path run) {
    return Files.exists(run.resolve(RunDirectory.CONFIG))
        && RunDirectory.newestCheckpoint(run).isPresent();
  }

  private static void clear(Path run) {
    try {
      DurableFiles.deleteTree(run);
    } catch (IOException e) {
      throw new RunFileException("delete", run, e);
    }
  }
}
