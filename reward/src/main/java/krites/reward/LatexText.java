package krites.reward;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * LaTeX turned into plain text.
 *
 * <p>Source: the behaviour of {@code LatexNodes2Text().latex_to_text} of pylatexenc 2.10 with its
 * default settings, for the macros of {@link LatexMacros}; an unknown macro leaves nothing, its
 * braces stay as text.
 */
final class LatexText {
  private LatexText() {}

  /** The text, or empty where the reference fails (nesting too deep, a matrix without cells). */
  static Optional<String> render(String latex) {
    try {
      return Optional.of(text(LatexNodes.parse(latex)));
    } catch (LatexNodes.LatexTrouble e) {
      return Optional.empty();
    }
  }

  private static String text(List<LatexNodes.Node> nodes) throws LatexNodes.LatexTrouble {
    StringBuilder out = new StringBuilder();
    String spaceOwed = "";
    for (LatexNodes.Node node : nodes) {
      if (node instanceof LatexNodes.Chars) {
        out.append(spaceOwed);
      }
      spaceOwed =
          node instanceof LatexNodes.Macro macro && macro.args().isEmpty()
              ? macro.spaceAfter()
              : "";
      out.append(text(node));
    }
    return out.toString();
  }

  private static String text(LatexNodes.Node node) throws LatexNodes.LatexTrouble {
    return switch (node) {
      case LatexNodes.Chars(String chars) -> PythonText.strip(chars).isEmpty() ? "" : chars;
      case LatexNodes.Braces(List<LatexNodes.Node> inside) -> text(inside);
      case LatexNodes.Special(String chars) -> LatexMacros.special(chars);
      case LatexNodes.Formula(List<LatexNodes.Node> inside, boolean display) -> {
        String content = PythonText.strip(text(inside));
        yield display ? indented(content) : content;
      }
      case LatexNodes.Environment(String name, List<LatexNodes.Node> inside) -> {
        if (LatexMacros.isMatrix(name)) {
          yield matrix(inside);
        }
        yield LatexMacros.isFormula(name) ? indented(PythonText.strip(text(inside))) : text(inside);
      }
      case LatexNodes.Macro macro -> macroText(macro);
    };
  }

  private static String macroText(LatexNodes.Macro macro) throws LatexNodes.LatexTrouble {
    List<String> args = new ArrayList<>();
    for (List<LatexNodes.Node> arg : macro.args()) {
      args.add(text(arg));
    }
    String accent = LatexMacros.accent(macro.name());
    if (accent != null) {
      return accented(args.isEmpty() ? " " : PythonText.strip(args.getFirst()), accent);
    }
    return LatexMacros.text(macro.name(), args);
  }

  private static String accented(String letters, String accent) {
    StringBuilder out = new StringBuilder();
    letters
        .codePoints()
        .forEach(
            c -> {
              int base = c == 'ı' ? 'i' : c == 'ȷ' ? 'j' : c;
              out.append(
                  Normalizer.normalize(Character.toString(base) + accent, Normalizer.Form.NFC));
            });
    return out.toString();
  }

  private static String indented(String content) {
    return "\n    " + content.replace("\n", "\n    ") + "\n";
  }

  /** Rows joined by {@code "; "}, cells right-aligned to the widest: {@code [ a b; c d ]}. */
  private static String matrix(List<LatexNodes.Node> inside) throws LatexNodes.LatexTrouble {
    List<List<String>> rows = new ArrayList<>();
    List<String> row = new ArrayList<>();
    List<LatexNodes.Node> cell = new ArrayList<>();
    for (LatexNodes.Node node : inside) {
      boolean column = node instanceof LatexNodes.Special(String chars) && chars.equals("&");
      boolean newRow = node instanceof LatexNodes.Macro macro && macro.name().equals("\\");
      if (!column && !newRow) {
        cell.add(node);
        continue;
      }
      closeCell(row, cell);
      if (newRow) {
        rows.add(row);
        row = new ArrayList<>();
      }
    }
    closeCell(row, cell);
    rows.add(row);
    int width =
        rows.stream()
            .flatMap(List::stream)
            .mapToInt(LatexText::length)
            .max()
            .orElseThrow(() -> new LatexNodes.LatexTrouble("a matrix without cells"));
    if (width > CELL_CHARS_MAX) {
      throw new LatexNodes.LatexTrouble("a matrix cell of " + width + " characters");
    }
    List<String> lines =
        rows.stream()
            .map(
                cells ->
                    String.join(
                        " ", cells.stream().map(c -> " ".repeat(width - length(c)) + c).toList()))
            .toList();
    return "[ " + String.join("; ", lines) + " ]";
  }

  /**
   * Longest matrix cell; wider ones would make the aligned matrix grow with the square of the text.
   */
  private static final int CELL_CHARS_MAX = 500;

  private static void closeCell(List<String> row, List<LatexNodes.Node> cell)
      throws LatexNodes.LatexTrouble {
    if (!cell.isEmpty()) {
      row.add(PythonText.strip(text(cell)));
      cell.clear();
    }
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }
}
