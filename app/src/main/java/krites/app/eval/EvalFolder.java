package krites.app.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import krites.app.InputError;
import krites.app.run.DurableFiles;
import krites.app.run.JsonLines;
import krites.app.run.RunLock;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one evaluation: {@code settings.json} says what is asked of whom, the files of
 * records grow by one line for each thing that is done, {@code result.json} is written at the end.
 *
 * <p>Whoever is killed leaves whole lines and at most one unfinished one, which the next sitting
 * moves aside. One process at a time.
 */
public final class EvalFolder implements AutoCloseable {
  static final String SETTINGS = "settings.json";
  static final String RESULT = "result.json";
  private static final String UNFINISHED = "unfinished.jsonl";
  private static final String ID = "id";

  /** Where things lie; fingerprints say what they are. */
  static final List<String> PATHS = List.of("model", "data");

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Path folder;
  private final RunLock lock;
  private final Map<String, Records> records = new LinkedHashMap<>();

  private EvalFolder(Path folder, RunLock lock) {
    this.folder = folder;
    this.lock = lock;
  }

  /**
   * Begins an evaluation, or goes on with it.
   *
   * @param settings all that records depend on
   * @throws InputError if the folder is that of another evaluation, or another process writes it
   */
  public static EvalFolder open(Path folder, Map<String, ?> settings) {
    try {
      Files.createDirectories(folder);
      RunLock lock =
          RunLock.acquire(folder, RunLock.Claim.ofThisProcess())
              .orElseThrow(
                  () ->
                      new InputError(
                          folder
                              + ": another process is evaluating there ("
                              + RunLock.holder(folder)
                              + ")"));
      try {
        requireSame(folder, settings);
      } catch (RuntimeException e) {
        lock.close();
        throw e;
      }
      return new EvalFolder(folder, lock);
    } catch (IOException e) {
      throw new InputError(folder + " cannot be written: " + e.getMessage(), e);
    }
  }

  private static void requireSame(Path folder, Map<String, ?> settings) throws IOException {
    Path file = folder.resolve(SETTINGS);
    if (!Files.exists(file)) {
      DurableFiles.write(file, text(settings));
      return;
    }
    Map<?, ?> before = JSON.readValue(file.toFile(), Map.class);
    Map<?, ?> now = JSON.readValue(text(settings), Map.class);
    for (Object key : now.keySet()) {
      if (!PATHS.contains(String.valueOf(key)) && !Objects.equals(before.get(key), now.get(key))) {
        throw new InputError(
            folder
                + " holds another evaluation: "
                + key
                + " was "
                + before.get(key)
                + " and is now "
                + now.get(key)
                + "; name another folder with --out, or remove it");
      }
    }
  }

  /**
   * The records of a file, those of earlier sittings included.
   *
   * @param file a name that ends with {@code .jsonl}
   */
  public Records records(String file) {
    return records.computeIfAbsent(file, name -> new Records(folder, name));
  }

  /** Writes the result; whoever reads it finds the old one or the new one. */
  public void finish(Map<String, ?> result) {
    DurableFiles.write(folder.resolve(RESULT), text(result));
  }

  /** Writes any other file that is made of the records. */
  void write(String file, String content) {
    DurableFiles.write(folder.resolve(file), content);
  }

  static String text(Map<String, ?> object) {
    try {
      return JSON.writeValueAsString(object) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot be written as JSON", e);
    }
  }

  Path folder() {
    return folder;
  }

  @Override
  public void close() {
    records.values().forEach(Records::close);
    lock.close();
  }

  /** One file of records, each with an id of its own. */
  public static final class Records implements AutoCloseable {
    private final JsonLines lines;
    private final Map<String, Map<String, Object>> byId = new LinkedHashMap<>();

    private Records(Path folder, String name) {
      Path file = folder.resolve(name);
      this.lines = JsonLines.open(file);
      lines.keepOnly(folder.resolve(UNFINISHED), record -> record.containsKey(ID));
      JsonLines.read(file).forEach(record -> byId.put(String.valueOf(record.get(ID)), record));
    }

    /** Adds a record; it is on its way to the disk as a whole line when this returns. */
    public void add(Map<String, @Nullable Object> record) {
      lines.append(record);
      byId.put(String.valueOf(record.get(ID)), Map.copyOf(withoutNulls(record)));
    }

    private static Map<String, Object> withoutNulls(Map<String, @Nullable Object> record) {
      Map<String, Object> kept = new LinkedHashMap<>();
      record.forEach(
          (key, value) -> {
            if (value != null) {
              kept.put(key, value);
            }
          });
      return kept;
    }

    /** The record of an id. */
    public Optional<Map<String, Object>> get(String id) {
      return Optional.ofNullable(byId.get(id));
    }

    /** All of them, in the order in which they were made. */
    Collection<Map<String, Object>> all() {
      return Collections.unmodifiableCollection(byId.values());
    }

    /** Whether there is a record of this id. */
    public boolean has(String id) {
      return byId.containsKey(id);
    }

    @Override
    public void close() {
      lines.close();
    }
  }
}
