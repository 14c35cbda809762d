package krites.app.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A file of JSON objects, one per line, that only grows. Thread safe.
 *
 * <p>Every line is handed to the operating system as a whole before {@link #append} returns; a
 * process killed in the middle leaves at most one unfinished line at the end, which {@link
 * #keepOnly} moves aside.
 */
public final class JsonLines implements AutoCloseable {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Path file;
  private BufferedWriter writer;

  private JsonLines(Path file) {
    this.file = file;
    this.writer = writer(file);
  }

  /**
   * Opens a file for appending and creates it if needed.
   *
   * @throws RunFileException if it cannot be written
   */
  public static JsonLines open(Path file) {
    return new JsonLines(file);
  }

  private static BufferedWriter writer(Path file) {
    try {
      return Files.newBufferedWriter(
          file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new RunFileException("write", file, e);
    }
  }

  /**
   * Adds one object.
   *
   * @throws RunFileException if it cannot be written, for example because the disk is full
   */
  public synchronized void append(Map<String, ?> object) {
    try {
      writer.write(MAPPER.writeValueAsString(object));
      writer.write('\n');
      writer.flush();
    } catch (IOException e) {
      throw new RunFileException("write", file, e);
    }
  }

  @Override
  public synchronized void close() {
    try {
      writer.close();
    } catch (IOException e) {
      throw new RunFileException("close", file, e);
    }
  }

  /**
   * All objects of a file, in order; empty if there is no such file. An unfinished last line is
   * left out.
   *
   * @throws RunFileException if the file cannot be read or a line before the last one is not JSON
   */
  public static List<Map<String, Object>> read(Path file) {
    List<Map<String, Object>> objects = new ArrayList<>();
    each(file, objects::add);
    return objects;
  }

  /**
   * Shows all objects of a file, in order, and keeps none; see {@link #read}.
   *
   * @throws RunFileException if the file cannot be read or a line before the last one is not JSON
   */
  public static void each(Path file, Consumer<Map<String, Object>> see) {
    if (!Files.exists(file)) {
      return;
    }
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      long number = 1;
      for (String line = reader.readLine(), next; line != null; line = next, number++) {
        next = reader.readLine();
        Map<String, Object> object = parse(line);
        if (object != null) {
          see.accept(object);
        } else if (next != null) {
          throw new IOException("line " + number + " is not a JSON object");
        }
      }
    } catch (IOException e) {
      throw new RunFileException("read", file, e);
    }
  }

  /**
   * The last object of a file, found from its end; empty if there is none.
   *
   * @throws RunFileException if the file cannot be read
   */
  public static Optional<Map<String, Object>> last(Path file) {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (FileChannel channel = FileChannel.open(file)) {
      long end = channel.size();
      for (Optional<LinesFromEnd.Line> line = LinesFromEnd.before(channel, end);
          line.isPresent();
          line = LinesFromEnd.before(channel, line.get().start())) {
        Map<String, Object> object = parse(text(line.get()));
        if (object != null) {
          return Optional.of(object);
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new RunFileException("read", file, e);
    }
  }

  /**
   * Keeps the lines that pass and moves all others, and unfinished ones, to the end of a side file.
   * Holds the file in memory: for those that stay small.
   */
  public synchronized void keepOnly(Path sideFile, Predicate<Map<String, Object>> passes) {
    close();
    List<String> kept = new ArrayList<>();
    List<String> moved = new ArrayList<>();
    for (String line : lines(file)) {
      (passes(line, passes) ? kept : moved).add(line);
    }
    if (!moved.isEmpty()) {
      String before = Files.exists(sideFile) ? joined(lines(sideFile)) : "";
      DurableFiles.write(sideFile, before + joined(moved));
      DurableFiles.write(file, joined(kept));
    }
    writer = writer(file);
  }

  /**
   * Moves the lines behind the last one that passes, and what is unfinished, to the end of a side
   * file. Reads only those, from the end of the file: its length does not matter.
   */
  public synchronized void cutBehindLast(Path sideFile, Predicate<Map<String, Object>> passes) {
    close();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long size = channel.size();
      long cut = size;
      for (Optional<LinesFromEnd.Line> line = LinesFromEnd.before(channel, cut);
          line.isPresent() && !(line.get().whole() && passes(text(line.get()), passes));
          line = LinesFromEnd.before(channel, cut)) {
        cut = line.get().start();
      }
      if (cut < size) {
        DurableFiles.append(channel, cut, size, sideFile);
        channel.truncate(cut);
        channel.force(true);
      }
    } catch (IOException e) {
      throw new RunFileException("write", file, e);
    }
    writer = writer(file);
  }

  private static boolean passes(String line, Predicate<Map<String, Object>> passes) {
    Map<String, Object> object = parse(line);
    return object != null && passes.test(object);
  }

  private static String text(LinesFromEnd.Line line) {
    return new String(line.bytes(), StandardCharsets.UTF_8);
  }

  private static String joined(List<String> lines) {
    return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
  }

  private static List<String> lines(Path file) {
    try {
      return Files.exists(file) ? Files.readAllLines(file, StandardCharsets.UTF_8) : List.of();
    } catch (IOException e) {
      throw new RunFileException("read", file, e);
    }
  }

  @SuppressWarnings("unchecked")
  private static @Nullable Map<String, Object> parse(String line) {
    try {
      return MAPPER.readValue(line, LinkedHashMap.class);
    } catch (JsonProcessingException e) {
      return null;
    }
  }
}
