package krites.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Prompt;
import krites.grpo.Task;
import krites.grpo.port.PromptSource;

/**
 * Prompts from a JSON Lines file; see {@link #FORMAT} for the keys. The whole file is read and
 * checked at once (of an image, that it begins like one), and an item is then a list access.
 * Immutable and thread safe.
 *
 * <p>The row layout follows the critic set of LLaVA-Critic-R1 (question, image, preference) in the
 * spelling of the LLaVA-Critic fields.
 */
public final class PreferenceDataset implements PromptSource {
  /** The format, for help texts and documents. */
  public static final String FORMAT =
      """
      One JSON object per line, UTF-8; blank lines are skipped, unknown keys are ignored.
        id          text or whole number, unique; default: line-N
        image       path of the picture, relative to the file (or: images, a list of paths, possibly empty)
        question    text; the pictures are put before it
        tags        object of plain values, for reports; optional
      A pair to judge has
        response_1, response_2   texts
        preference  1, 2, first, second, A, B (which response is better) or tie
      A question to answer has
        answer      text or number
      """;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /**
   * What became of the lines.
   *
   * @param critic pairs kept
   * @param policy questions kept
   * @param ties pairs dropped because neither side was preferred
   */
  public record Counts(int critic, int policy, int ties) {
    /** Prompts of the dataset. */
    public int kept() {
      return critic + policy;
    }
  }

  private final List<Prompt> prompts;
  private final Counts counts;

  private PreferenceDataset(List<Prompt> prompts, Counts counts) {
    this.prompts = List.copyOf(prompts);
    this.counts = counts;
  }

  /**
   * Reads a file whose images are named relative to its own folder; otherwise as the other {@code
   * read}.
   */
  public static PreferenceDataset read(Path file, String instruction, TiePolicy ties) {
    return read(file, file.toAbsolutePath().resolveSibling(""), instruction, ties);
  }

  /**
   * Reads a file. Image names of the prompts are absolute paths, as {@link FileImages} reads them.
   *
   * @param imageFolder what relative image paths begin at
   * @param instruction last line of every prompt
   * @throws DatasetException if the file cannot be read, a line is malformed, an id occurs twice,
   *     an image is missing or no PNG, JPEG or GIF, or no prompt is left
   */
  public static PreferenceDataset read(
      Path file, Path imageFolder, String instruction, TiePolicy ties) {
    List<Prompt> prompts = new ArrayList<>();
    Map<String, Integer> lineOfId = new HashMap<>();
    int critic = 0;
    int dropped = 0;
    int line = 0;
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      LimitedLines lines = new LimitedLines(reader);
      while (lines.next()) {
        line++;
        if (lines.tooLong()) {
          throw new DatasetException(
              file, line, "is longer than " + LimitedLines.LONGEST + " letters");
        }
        String text = lines.line();
        if (text.isBlank()) {
          continue;
        }
        Optional<Prompt> prompt = parse(file, line, imageFolder, text).prompt(instruction, ties);
        if (prompt.isEmpty()) {
          dropped++;
          continue;
        }
        Integer earlier = lineOfId.putIfAbsent(prompt.get().id(), line);
        if (earlier != null) {
          throw new DatasetException(
              file,
              line,
              "id '"
                  + prompt.get().id()
                  + "' stands in line "
                  + earlier
                  + " too, expected unique ids");
        }
        prompts.add(prompt.get());
        critic += prompt.get().task() == Task.CRITIC ? 1 : 0;
      }
    } catch (CharacterCodingException e) {
      throw new DatasetException(
          file, line + 1, "is not UTF-8 text (or one of the lines after it)");
    } catch (NoSuchFileException e) {
      throw new DatasetException(file, "there is no such file");
    } catch (IOException e) {
      throw new DatasetException(file, "cannot be read: " + e.getMessage());
    }
    if (prompts.isEmpty()) {
      throw new DatasetException(
          file, "holds no prompt (" + dropped + " ties dropped), expected at least one");
    }
    return new PreferenceDataset(prompts, new Counts(critic, prompts.size() - critic, dropped));
  }

  private static PreferenceRow parse(Path file, int line, Path imageFolder, String text) {
    try {
      JsonNode object = JSON.readTree(text);
      if (!object.isObject()) {
        throw new DatasetException(file, line, "expected a JSON object");
      }
      return new PreferenceRow(file, line, imageFolder, object);
    } catch (JsonProcessingException e) {
      int column = e.getLocation() == null ? 0 : e.getLocation().getColumnNr();
      String problem = e.getOriginalMessage().lines().findFirst().orElse("malformed");
      throw new DatasetException(file, line, "not JSON at column " + column + ": " + problem);
    }
  }

  @Override
  public long size() {
    return prompts.size();
  }

  @Override
  public Prompt prompt(long index) {
    return prompts.get(Math.toIntExact(index));
  }

  /** Lines kept and dropped. */
  public Counts counts() {
    return counts;
  }
}
