package krites.app.display;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Where output goes and what it can show.
 *
 * @param out the stream
 * @param interactive whether a person looks at it, so that a line may be overwritten
 * @param width columns
 * @param unicode whether it shows characters beyond ASCII
 * @param color whether it shows colour
 */
public record Terminal(
    PrintStream out, boolean interactive, int width, boolean unicode, boolean color) {
  private static final int WIDTH_UNKNOWN = 80;

  /** The process's standard output; colour is off when {@code NO_COLOR} is set or nobody looks. */
  public static Terminal standard() {
    Map<String, String> environment = System.getenv();
    Console console = System.console();
    boolean interactive =
        console != null
            && console.isTerminal()
            && !"dumb".equals(environment.getOrDefault("TERM", "dumb"));
    boolean unicode = StandardCharsets.UTF_8.equals(System.out.charset());
    boolean color = interactive && environment.getOrDefault("NO_COLOR", "").isEmpty();
    return new Terminal(
        System.out, interactive, interactive ? width(environment) : WIDTH_UNKNOWN, unicode, color);
  }

  /**
   * The process's standard error, where progress is shown: a program reads the other stream. Linux
   * tells what the stream is; elsewhere it counts as watched when the console is.
   */
  public static Terminal standardError() {
    Map<String, String> environment = System.getenv();
    boolean interactive =
        errorIsTerminal() && !"dumb".equals(environment.getOrDefault("TERM", "dumb"));
    boolean unicode = StandardCharsets.UTF_8.equals(System.err.charset());
    return new Terminal(
        System.err, interactive, interactive ? width(environment) : WIDTH_UNKNOWN, unicode, false);
  }

  private static boolean errorIsTerminal() {
    Path link = Path.of("/proc/self/fd/2");
    try {
      if (Files.isSymbolicLink(link)) {
        String target = Files.readSymbolicLink(link).toString();
        return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
      }
    } catch (IOException e) {
      return false;
    }
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  /** A stream that nobody watches, for files and tests. */
  public static Terminal plain(PrintStream out) {
    return new Terminal(out, false, WIDTH_UNKNOWN, false, false);
  }

  /** The text in bold where colour is on. */
  String bold(String text) {
    return color ? "\u001b[1m" + text + "\u001b[0m" : text;
  }

  /** The text in green where colour is on. */
  String green(String text) {
    return color ? "\u001b[32m" + text + "\u001b[0m" : text;
  }

  private static int width(Map<String, String> environment) {
    String columns = environment.getOrDefault("COLUMNS", "");
    return columns.matches("[1-9]\\d{0,4}") ? Integer.parseInt(columns) : askStty();
  }

  /** {@code stty size} answers "rows columns"; a terminal without it gets the usual width. */
  private static int askStty() {
    try {
      Process stty = new ProcessBuilder("stty", "size").redirectInput(new File("/dev/tty")).start();
      String answer =
          new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
      stty.waitFor(1, TimeUnit.SECONDS);
      return answer.matches("\\d+ [1-9]\\d{0,4}")
          ? Integer.parseInt(answer.split(" ")[1])
          : WIDTH_UNKNOWN;
    } catch (IOException e) {
      return WIDTH_UNKNOWN;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return WIDTH_UNKNOWN;
    }
  }
}
