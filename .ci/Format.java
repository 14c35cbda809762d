import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Checks or applies the format of every Java source in the tree; run by the root {@code pom.xml}.
 *
 * <p>Usage: {@code Format check|apply COMPLAINTS}, in the root of the tree. Sources that are not
 * formatted (check) or cannot be read as Java are printed and listed in the file COMPLAINTS, which
 * does not exist if there are none.
 */
final class Format {
  private static final Formatter FORMATTER = new Formatter(JavaFormatterOptions.defaultOptions());

  public static void main(String[] arguments) throws IOException {
    boolean apply =
        switch (arguments[0]) {
          case "check" -> false;
          case "apply" -> true;
          default ->
              throw new IllegalArgumentException(
                  "krites.format is check, apply or skip, not " + arguments[0]);
        };
    Path report = Path.of(arguments[1]);
    Files.deleteIfExists(report);
    List<Optional<String>> outcomes =
        sources().parallelStream().map(source -> format(source, apply)).toList();
    List<String> complaints = outcomes.stream().flatMap(Optional::stream).sorted().toList();
    complaints.forEach(System.out::println);
    if (!complaints.isEmpty()) {
      Files.write(report, complaints);
    }
  }

  /** Formats one source; an answer is a complaint. */
  private static Optional<String> format(Path source, boolean apply) {
    try {
      String before = Files.readString(source);
      String after = formatted(before);
      if (before.equals(after)) {
        return Optional.empty();
      }
      if (apply) {
        Files.writeString(source, after);
        return Optional.empty();
      }
      return Optional.of(source + ":" + firstDifference(before, after) + ": not formatted");
    } catch (FormatterException | IOException e) {
      return Optional.of(source + ": " + e.getMessage());
    }
  }

  private static String formatted(String text) throws FormatterException {
    String ordered = ImportOrderer.reorderImports(text, JavaFormatterOptions.Style.GOOGLE);
    return FORMATTER.formatSource(RemoveUnusedImports.removeUnusedImports(ordered));
  }

  /** The first line, counted from 1, in which the texts differ. */
  private static long firstDifference(String before, String after) {
    int at = 0;
    while (at < before.length() && at < after.length() && before.charAt(at) == after.charAt(at)) {
      at++;
    }
    return 1 + before.substring(0, at).chars().filter(character -> character == '\n').count();
  }

  private static List<Path> sources() throws IOException {
    try (var modules = Files.list(Path.of(""))) {
      return modules
          .map(module -> module.resolve("src"))
          .filter(Files::isDirectory)
          .flatMap(Format::javaFiles)
          .toList();
    }
  }

  private static java.util.stream.Stream<Path> javaFiles(Path directory) {
    try {
      return Files.walk(directory).filter(path -> path.toString().endsWith(".java"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
