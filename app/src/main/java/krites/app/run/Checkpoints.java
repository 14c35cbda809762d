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
   * Writes a checkpoint and removes those beyond the number to keep. A checkpoint of the same step
   * is replaced.
   *
   * @throws RunFileException if it cannot be written; nothing half-written stays under a final name
   */
  public Checkpoint write(long step, Content content) {
    Path unfinished = folder.resolve(UNFINISHED + "step-" + step + "-" + writer());
    Path replaced = folder.resolve(REPLACED + "step-" + step);
    Path finished = folder.resolve("step-" + step);
    try {
      Files.createDirectories(folder);
      Files.createDirectory(unfinished);
      content.writeTo(unfinished);
      DurableFiles.forceTree(unfinished);
      if (Files.exists(finished)) {
        DurableFiles.deleteTree(replaced);
        DurableFiles.publish(finished, replaced);
      }
      DurableFiles.publish(unfinished, finished);
      DurableFiles.deleteTree(replaced);
      removeOld();
    } catch (IOException e) {
      throw new RunFileException("write checkpoint", finished, e);
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

  private void removeOld() throws IOException {
    List<Checkpoint> all = all();
    if (keep > 0) {
      for (Checkpoint old : all.subList(0, Math.max(0, all.size() - keep))) {
        DurableFiles.deleteTree(old.folder());
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
