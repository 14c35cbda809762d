package krites.app.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    List<String> lines = lines(file);
    for (int i = 0; i < lines.size(); i++) {
      Map<String, Object> object = parse(lines.get(i));
      if (object != null) {
        objects.add(object);
      } else if (i < lines.size() - 1) {
        throw new RunFileException(
            "read", file, new IOException("line " + (i + 1) + " is not a JSON object"));
      }
    }
    return objects;
  }

  /**
   * Keeps the lines that pass and moves all others, and unfinished ones, to the end of a side file.
   *
   * @return how many lines were moved
   */
  public synchronized int keepOnly(Path sideFile, Predicate<Map<String, Object>> passes) {
    close();
    List<String> kept = new ArrayList<>();
    List<String> moved = new ArrayList<>();
    for (String line : lines(file)) {
      Map<String, Object> object = parse(line);
      (object != null && passes.test(object) ? kept : moved).add(line);
    }
    if (!moved.isEmpty()) {
      String before = Files.exists(sideFile) ? joined(lines(sideFile)) : "";
      DurableFiles.write(sideFile, before + joined(moved));
      DurableFiles.write(file, joined(kept));
    }
    writer = writer(file);
    return moved.size();
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
