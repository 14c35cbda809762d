package krites.eval.seeds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;

final class SeedChartTest {
  private static SeedChart.Series series(String name, double... values) {
    return new SeedChart.Series(
        name,
        List.of(
            new SeedChart.Point(0, SeedMean.of(0.5, 0.5)),
            new SeedChart.Point(100, SeedMean.of(values))));
  }

  @Test
  void eachArmHasALineABandAndOneLineOfTheLegend() throws Exception {
    String svg =
        SeedChart.svg(
            "a < b",
            "95 %",
            List.of(
                new SeedChart.Panel(
                    "critic",
                    "steps",
                    false,
                    List.of(series("one", 0.8, 0.9), series("two", 0.6, 0.6))),
                new SeedChart.Panel("policy", "steps", false, List.of(series("one", 0.7, 0.75)))));

    Document document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    assertEquals(3, document.getElementsByTagName("polyline").getLength());
    assertEquals(3, document.getElementsByTagName("polygon").getLength());
    assertEquals(1, svg.split(">one<", -1).length - 1);
    assertTrue(svg.contains("a &lt; b"), svg);
    assertFalse(svg.contains("NaN"), svg);
  }

  @Test
  void oneSeedAtOnePlaceIsDrawnToo() {
    String svg =
        SeedChart.svg(
            "t",
            "n",
            List.of(
                new SeedChart.Panel(
                    "critic",
                    "n",
                    true,
                    List.of(
                        new SeedChart.Series(
                            "one", List.of(new SeedChart.Point(2, SeedMean.of(0.5))))))));

    assertFalse(svg.contains("NaN") || svg.contains("Infinity"), svg);
  }
}
