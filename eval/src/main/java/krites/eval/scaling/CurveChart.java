package krites.eval.scaling;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Accuracy over n as a picture: one line for each method, n in powers of two. */
public final class CurveChart {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 420;
  private static final int LEFT = 60;
  private static final int RIGHT = 220;
  private static final int TOP = 40;
  private static final int BOTTOM = 50;
  private static final int GRID_LINES = 5;

  /** Colours that colour-blind people tell apart (Okabe and Ito). */
  private static final List<String> COLOURS =
      List.of(
          "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7", "#999999");

  private final double low;
  private final double high;
  private final int nMax;

  private CurveChart(List<ScalingPoint> points) {
    this.low = points.stream().mapToDouble(point -> point.accuracy().value()).min().orElse(0);
    this.high = points.stream().mapToDouble(point -> point.accuracy().value()).max().orElse(1);
    this.nMax = points.stream().mapToInt(ScalingPoint::n).max().orElse(2);
  }

  /** The chart as an SVG document. */
  public static String svg(String title, List<ScalingPoint> points) {
    CurveChart chart = new CurveChart(points);
    Map<String, List<ScalingPoint>> byMethod =
        points.stream()
            .collect(
                Collectors.groupingBy(
                    ScalingPoint::method, LinkedHashMap::new, Collectors.toList()));
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                + " font-family=\"sans-serif\" font-size=\"12\">%n"
                + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n"
                + "<text x=\"%d\" y=\"20\" font-size=\"14\">%s</text>%n",
            WIDTH,
            HEIGHT,
            LEFT,
            escaped(title)));
    chart.axes(svg);
    int line = 0;
    for (var method : byMethod.entrySet()) {
      chart.line(svg, method.getKey(), method.getValue(), line++);
    }
    return svg.append("</svg>\n").toString();
  }

  private void axes(StringBuilder svg) {
    for (int i = 0; i <= GRID_LINES; i++) {
      double accuracy = low + (high - low) * i / GRID_LINES;
      svg.append(
          String.format(
              Locale.ROOT,
              "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#dddddd\"/>%n"
                  + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3f</text>%n",
              LEFT,
              WIDTH - RIGHT,
              y(accuracy),
              y(accuracy),
              LEFT - 6,
              y(accuracy) + 4,
              accuracy));
    }
    for (int n = 1; n <= nMax; n *= 2) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>%n",
              x(n),
              HEIGHT - BOTTOM + 18,
              n));
    }
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">answers n</text>%n",
            (LEFT + WIDTH - RIGHT) / 2,
            HEIGHT - 12));
  }

  private void line(StringBuilder svg, String method, List<ScalingPoint> points, int number) {
    String colour = COLOURS.get(number % COLOURS.size());
    String path =
        points.stream()
            .map(
                point ->
                    String.format(
                        Locale.ROOT, "%.1f,%.1f", x(point.n()), y(point.accuracy().value())))
            .collect(Collectors.joining(" "));
    svg.append(
        String.format(
            Locale.ROOT,
            "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>%n",
            path,
            colour,
            number < COLOURS.size() ? "" : " stroke-dasharray=\"5 3\""));
    int y = TOP + 10 + 18 * number;
    svg.append(
        String.format(
            Locale.ROOT,
            "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"4\" fill=\"%s\"/>"
                + "<text x=\"%d\" y=\"%d\">%s</text>%n",
            WIDTH - RIGHT + 20,
            y - 6,
            colour,
            WIDTH - RIGHT + 40,
            y,
            escaped(method)));
  }

  private double x(int n) {
    double share = Math.log(n) / Math.log(Math.max(2, nMax));
    return LEFT + share * (WIDTH - RIGHT - LEFT);
  }

  private double y(double accuracy) {
    double span = high > low ? high - low : 1;
    return HEIGHT - BOTTOM - (accuracy - low) / span * (HEIGHT - BOTTOM - TOP);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
