package krites.model.jinja;

/** A template that cannot be read or rendered; the message is one line and names the line of it. */
public final class JinjaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  JinjaException(int line, String problem) {
    super("line " + line + ": " + oneLine(problem));
  }

  private static String oneLine(String text) {
    int limit = 200; // what a stranger's template says about itself stays one short line
    String line = text.replaceAll("\\p{Cntrl}", " ");
    return line.length() <= limit ? line : line.substring(0, limit) + "...";
  }
}
