package krites.app.answer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import krites.app.InputError;
import org.jspecify.annotations.Nullable;

/**
 * Texts that come as an option, from a file, or from standard input.
 *
 * <p>White space at the ends is dropped: a file ends with a line break that nobody means.
 */
public final class TextSource {
  private static final String STANDARD_INPUT = "-";

  /** A text that fills no context: guards against a wrong file. */
  private static final long BYTES_MAX = 16L << 20;

  private final InputStream in;
  private @Nullable String reader;

  public TextSource(InputStream in) {
    this.in = in;
  }

  /**
   * The text of an option.
   *
   * @param option its name, for example {@code --question}; the file's option is called {@code
   *     --question-file}
   * @throws InputError if it is given neither way or both, is blank, or cannot be read
   */
  String text(String option, @Nullable String text, @Nullable String file) {
    if ((text == null) == (file == null)) {
      throw new InputError(
          "expected either " + option + " TEXT or " + option + "-file FILE (- for standard input)");
    }
    String found = text != null ? text : read(option + "-file", String.valueOf(file));
    if (found.isBlank()) {
      throw new InputError(option + (text != null ? "" : "-file " + file) + " is blank");
    }
    return found.strip();
  }

  private String read(String option, String file) {
    String name = file.equals(STANDARD_INPUT) ? "standard input" : file;
    try {
      byte[] bytes = bytes(option, file, name);
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (NoSuchFileException e) {
      throw new InputError(option + " " + name + ": there is no such file", e);
    } catch (CharacterCodingException e) {
      throw new InputError(option + " " + name + ": expected text in UTF-8", e);
    } catch (IOException | InvalidPathException e) {
      throw new InputError(option + " " + name + " cannot be read: " + e.getMessage(), e);
    }
  }

  private byte[] bytes(String option, String file, String name) throws IOException {
    if (!file.equals(STANDARD_INPUT)) {
      if (Files.size(Path.of(file)) > BYTES_MAX) {
        throw new InputError(option + " " + name + ": expected at most 16 MiB of text");
      }
      return Files.readAllBytes(Path.of(file));
    }
    if (reader != null) {
      throw new InputError(option + " -: standard input is taken by " + reader);
    }
    reader = option;
    return in.readNBytes((int) BYTES_MAX);
  }
}
