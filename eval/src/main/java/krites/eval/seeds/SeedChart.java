package krites.eval.seeds;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import krites.eval.Interval;

/**
 * Means over seeds as a picture: panels side by side, a line for each arm, its interval as a band
 * around the line and as a whisker at each point.
 */
public final class SeedChart {
  private static final int PANEL_WIDTH = 440;
  private static final int PANEL_HEIGHT = 320;
  private static final int LEFT = 56;
  private static final int RIGHT = 16;
  private static final int TOP = 58;
  private static final int BOTTOM = 48;
  private static final int GRID_LINES = 5;
  private static final int X_LABELS_MAX = 8;
  private static final int WHISKER = 3;
  private static final int LEGEND_LINE = 18;

  /** Whiskers of different arms at one place stand this far apart. [pixels] */
  private static final double BESIDE = 2.5;

  /** Colours that colour-blind people tell apart (Okabe and Ito). */
  private static final List<String> COLOURS =
      List.of("#000000", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2");

  /** A mean at a place. */
  public record Point(double x, SeedMean y) {}

  /** A line. */
  public record Series(String name, List<Point> points) {
    public Series {
      points = List.copyOf(points);
    }
  }

  /**
   * One picture beside others.
   *
   * @param logarithmic whether the places are powers of two
   */
  public record Panel(String title, String xLabel, boolean logarithmic, List<Series> series) {
    public Panel {
      series = List.copyOf(series);
    }
  }

  private final List<String> names;
  private final StringBuilder svg = new StringBuilder();

  private SeedChart(List<String> names) {
    this.names = names;
  }

  /**
   * The chart as an SVG document.
   *
   * @param note a line below
   */
  public static String svg(String title, String note, List<Panel> panels) {
    Set<String> names = new LinkedHashSet<>();
    panels.forEach(panel -> panel.series().forEach(series -> names.add(series.name())));
    return new SeedChart(new ArrayList<>(names)).document(title, note, panels);
  }

  private String document(String title, String note, List<Panel> panels) {
    int height = PANEL_HEIGHT + LEGEND_LINE * names.size() + 34;
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
            + " font-family=\"sans-serif\" font-size=\"12\">",
        PANEL_WIDTH * Math.max(1, panels.size()), height);
    add("<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>");
    add("<text x=\"%d\" y=\"20\" font-size=\"14\">%s</text>", LEFT, escaped(title));
    for (int i = 0; i < panels.size(); i++) {
      add("<g transform=\"translate(%d,0)\">", PANEL_WIDTH * i);
      panel(panels.get(i));
      add("</g>");
    }
    for (int i = 0; i < names.size(); i++) {
      int y = PANEL_HEIGHT + 10 + LEGEND_LINE * i;
      add(
          "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"4\" fill=\"%s\"/>"
              + "<text x=\"%d\" y=\"%d\">%s</text>",
          LEFT, y - 6, colour(i), LEFT + 22, y, escaped(names.get(i)));
    }
    add(
        "<text x=\"%d\" y=\"%d\" font-size=\"11\" fill=\"#555555\">%s</text>",
        LEFT, height - 10, escaped(note));
    return svg.append("</svg>\n").toString();
  }

  private void panel(Panel panel) {
    Scale scale = Scale.of(panel);
    add("<text x=\"%d\" y=\"44\" font-weight=\"bold\">%s</text>", LEFT, escaped(panel.title()));
    for (int i = 0; i <= GRID_LINES; i++) {
      double value = scale.low + (scale.high - scale.low) * i / GRID_LINES;
      add(
          "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#dddddd\"/>"
              + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3f</text>",
          LEFT,
          PANEL_WIDTH - RIGHT,
          scale.y(value),
          scale.y(value),
          LEFT - 6,
          scale.y(value) + 4,
          value);
    }
    List<Double> places = scale.places(panel);
    int every = Math.ceilDiv(places.size(), X_LABELS_MAX);
    for (int i = 0; i < places.size(); i += every) {
      add(
          "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>",
          scale.x(places.get(i)), PANEL_HEIGHT - BOTTOM + 18, places.get(i));
    }
    add(
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>",
        (LEFT + PANEL_WIDTH - RIGHT) / 2, PANEL_HEIGHT - 12, escaped(panel.xLabel()));
    panel.series().forEach(series -> line(series, scale));
  }

  private void line(Series series, Scale scale) {
    int number = names.indexOf(series.name());
    String colour = colour(number);
    double beside = BESIDE * (number - (names.size() - 1) / 2.0);
    String upper = path(series.points().stream(), scale, SeedChart::high);
    String lower = path(series.points().reversed().stream(), scale, SeedChart::low);
    add(
        "<polygon points=\"%s %s\" fill=\"%s\" fill-opacity=\"0.10\" stroke=\"none\"/>",
        upper, lower, colour);
    add(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>",
        path(series.points().stream(), scale, point -> point.y().mean()),
        colour,
        number < COLOURS.size() ? "" : " stroke-dasharray=\"5 3\"");
    for (Point point : series.points()) {
      double x = scale.x(point.x()) + beside;
      add(
          "<path d=\"M%.1f %.1fV%.1fM%.1f %.1fh%dM%.1f %.1fh%d\" stroke=\"%s\"/>"
              + "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>",
          x,
          scale.y(low(point)),
          scale.y(high(point)),
          x - WHISKER,
          scale.y(low(point)),
          2 * WHISKER,
          x - WHISKER,
          scale.y(high(point)),
          2 * WHISKER,
          colour,
          x,
          scale.y(point.y().mean()),
          colour);
    }
  }

  private interface Height {
    double of(Point point);
  }

  private static String path(Stream<Point> points, Scale scale, Height height) {
    return points
        .map(
            point ->
                String.format(
                    Locale.ROOT, "%.1f,%.1f", scale.x(point.x()), scale.y(height.of(point))))
        .collect(Collectors.joining(" "));
  }

  private static double low(Point point) {
    return point.y().interval().map(Interval::low).orElse(point.y().mean());
  }

  private static double high(Point point) {
    return point.y().interval().map(Interval::high).orElse(point.y().mean());
  }

  private static String colour(int number) {
    return COLOURS.get(number % COLOURS.size());
  }

  private void add(String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  /** Where a value lies in a panel. */
  private record Scale(double left, double right, double low, double high, boolean logarithmic) {
    static Scale of(Panel panel) {
      List<Point> all = panel.series().stream().flatMap(one -> one.points().stream()).toList();
      return new Scale(
          all.stream().mapToDouble(Point::x).min().orElse(0),
          all.stream().mapToDouble(Point::x).max().orElse(1),
          all.stream().mapToDouble(SeedChart::low).min().orElse(0),
          all.stream().mapToDouble(SeedChart::high).max().orElse(1),
          panel.logarithmic());
    }

    List<Double> places(Panel panel) {
      return panel.series().stream()
          .flatMap(series -> series.points().stream().map(Point::x))
          .distinct()
          .sorted()
          .toList();
    }

    double x(double value) {
      double share =
          right == left
              ? 0.5
              : logarithmic
                  ? Math.log(value / left) / Math.log(right / left)
                  : (value - left) / (right - left);
      return LEFT + 12 + share * (PANEL_WIDTH - RIGHT - LEFT - 24);
    }

    double y(double value) {
      double span = high > low ? high - low : 1;
      return PANEL_HEIGHT - BOTTOM - (value - low) / span * (PANEL_HEIGHT - BOTTOM - TOP);
    }
  }
}
