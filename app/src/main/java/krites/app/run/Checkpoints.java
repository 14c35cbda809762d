package krites.app.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The checkpoints of a run: folders {@code step-N}, each complete or absent.
 *
 * <p>A checkpoint is written into a hidden folder, forced to disk and renamed; whoever finds a
 * folder under its final name finds all of it. Not thread safe: one writer.
 */
public final class Checkpoints {
  private static final Pattern NAME = Pattern.compile("(?:\\.replaced-)?step-(\\d+)");
  private static final String UNFINISHED = ".unfinished-";

  /**
   * A checkpoint on its way out: its successor of the same step is written and not yet in place.
   */
  private static final String REPLACED = ".replaced-";

  private final Path folder;
  private final int keep;

  /**
   * @param folder where the checkpoints lie; created with the first one
   * @param keep how many of the newest are kept; 0 keeps all
   */
  Checkpoints(Path folder, int keep) {
    this.folder = folder;
    this.keep = keep;
  }

  /** One complete checkpoint. */
  public record Checkpoint(long step, Path folder) {}

  /** Fills an empty folder. */
  @FunctionalInterface
  public interface Content {
    void writeTo(Path emptyFolder) throws IOException;
  }

  /**
   * Writes a checkpoint that nothing can stand against; see {@link #write(long, Content,
   * Runnable)}.
   */
  Checkpoint write(long step, Content content) {
    return write(step, content, () -> {});
  }

  /**
   * Writes a checkpoint and removes older ones beyond the number to keep. A checkpoint of the same
   * step is replaced.
   *
   * @param lastLook runs when all is written and nothing has its name yet; what it throws stops it
   * @throws RunFileException if it cannot be written; nothing half-written stays under a final name
   */
  public Checkpoint write(long step, Content content, Runnable lastLook) {
    Path unfinished = folder.resolve(UNFINISHED + "step-" + step + "-" + writer());
    Path replaced = folder.resolve(REPLACED + "step-" + step);
    Path finished = folder.resolve("step-" + step);
    try {
      Files.createDirectories(folder);
      Files.createDirectory(unfinished);
      content.writeTo(unfinished);
      DurableFiles.forceTree(unfinished);
      lastLook.run();
      if (Files.exists(finished)) {
        DurableFiles.deleteTree(replaced);
        DurableFiles.publish(finished, replaced);
      }
      DurableFiles.publish(unfinished, finished);
      DurableFiles.deleteTree(replaced);
      removeOlderThan(step);
    } catch (IOException e) {
      throw remove(unfinished, new RunFileException("write checkpoint", finished, e));
    } catch (RuntimeException e) {
      throw remove(unfinished, e);
    }
    return new Checkpoint(step, finished);
  }

  /**
   * Nobody else writes under this name: not a learner on another node that was taken for dead, and
   * goes on where it was stopped.
   */
  private static String writer() {
    return ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime());
  }

  /**
   * Complete checkpoints, oldest first. One that was about to be replaced when its process died
   * still counts.
   */
  public List<Checkpoint> all() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var entries = Files.list(folder)) {
      TreeMap<Long, Checkpoint> byStep = new TreeMap<>();
      entries
          .filter(Files::isDirectory)
          .map(entry -> checkpoint(entry))
          .flatMap(Optional::stream)
          .forEach(
              found -> byStep.merge(found.step(), found, (a, b) -> isReplaced(a.folder()) ? b : a));
      return List.copyOf(byStep.values());
    } catch (IOException e) {
      throw new RunFileException("list", folder, e);
    }
  }

  /** The newest complete checkpoint. */
  public Optional<Checkpoint> latest() {
    List<Checkpoint> all = all();
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
  }

  /** Deletes what an interrupted process left. */
  void removeUnfinished() {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (var entries = Files.list(folder)) {
      for (Path entry : entries.toList()) {
        String name = entry.getFileName().toString();
        boolean superseded =
            isReplaced(entry)
                && Files.exists(entry.resolveSibling(name.substring(REPLACED.length())));
        if (name.startsWith(UNFINISHED) || superseded) {
          DurableFiles.deleteTree(entry);
        }
      }
    } catch (IOException e) {
      throw new RunFileException("clean", folder, e);
    }
  }

  /** What was not finished takes no place on a disk that may be full. */
  private static <E extends RuntimeException> E remove(Path unfinished, E failure) {
    try {
      DurableFiles.deleteTree(unfinished);
    } catch (IOException e) {
      failure.addSuppressed(e); // the next start tries again
    }
    return failure;
  }

  /** Those of later steps, which the run has gone back from, do not count. */
  private void removeOlderThan(long step) throws IOException {
    if (keep == 0) {
      return;
    }
    List<Checkpoint> old = all().stream().filter(each -> each.step() <= step).toList();
    for (Checkpoint each : old.subList(0, Math.max(0, old.size() - keep))) {
      DurableFiles.deleteTree(each.folder());
    }
  }

  /** Deletes checkpoints of later steps: the run goes on from this one, without them. */
  void removeLaterThan(long step) {
    for (Checkpoint each : all()) {
      if (each.step() > step) {
        try {
          DurableFiles.deleteTree(each.folder());
        } catch (IOException e) {
          throw new RunFileException("delete", each.folder(), e);
        }
      }
    }
  }

  private static boolean isReplaced(Path entry) {
    return entry.getFileName().toString().startsWith(REPLACED);
  }

  private static Optional<Checkpoint> checkpoint(Path entry) {
    Matcher name = NAME.matcher(entry.getFileName().toString());
    return name.matches()
        ? Optional.of(new Checkpoint(Long.parseLong(name.group(1)), entry))
        : Optional.empty();
  }
}
