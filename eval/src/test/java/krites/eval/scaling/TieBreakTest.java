package krites.eval.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.eval.Bootstrap;
import krites.grpo.Label;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TieBreakTest {
  /** F: first, S: second, T: tie, U: unread; confidence rises from left to right. */
  @ParameterizedTest
  @CsvSource({
    "random,F,true",
    "random,S,false",
    "random,T,",
    "random,U,",
    "both-orders,FF,true",
    "both-orders,SS,false",
    "both-orders,FS,",
    "both-orders,FU,",
    "both-orders,TT,",
    "confidence,FS,false",
    "confidence,SF,true",
    "confidence,FU,true",
    "confidence,FT,true",
    "confidence,UU,",
    "best-of-3,FSF,true",
    "best-of-3,SSF,false",
    "best-of-3,FSU,",
    "best-of-4,FSFS,"
  })
  void judgementsBecomeAWinnerOrACoin(String name, String verdicts, Boolean expected) {
    List<Said> said = new ArrayList<>();
    for (int i = 0; i < verdicts.length(); i++) {
      Optional<Label> verdict =
          switch (verdicts.charAt(i)) {
            case 'F' -> Optional.of(Label.FIRST);
            case 'S' -> Optional.of(Label.SECOND);
            case 'T' -> Optional.of(Label.TIE);
            default -> Optional.empty();
          };
      said.add(new Said(verdict, -1.0 + 0.1 * i));
    }
    TieBreak tie = TieBreak.named(name).orElseThrow();
    assertEquals(name, tie.name());
    assertEquals(Optional.ofNullable(expected), tie.firstWins(said));
  }

  @Test
  void otherNamesAndCountsAreRefused() {
    assertEquals(Optional.empty(), TieBreak.named("best-of-1"));
    assertEquals(Optional.empty(), TieBreak.named("coin"));
    TieBreak random = TieBreak.named("random").orElseThrow();
    assertThrows(IllegalArgumentException.class, () -> random.firstWins(List.of()));
    assertThrows(IllegalArgumentException.class, () -> new TieBreak(TieBreak.Rule.RANDOM, 3));
  }

  @Test
  void theMajorityIsTheMostFrequentAnswer() {
    List<Optional<String>> answers =
        List.of(
            Optional.of("red"),
            Optional.empty(),
            Optional.of("blue"),
            Optional.of("blue"),
            Optional.empty(),
            Optional.empty());
    for (int seed = 0; seed < 20; seed++) {
      assertEquals(2, Majority.pick(answers, seed), "unread answers do not vote");
    }
    int first = 0;
    for (int seed = 0; seed < 400; seed++) {
      first += Majority.pick(List.of(Optional.of("a"), Optional.of("b")), seed) == 0 ? 1 : 0;
    }
    assertTrue(first > 160 && first < 240, "an even vote is a fair draw: " + first);
    assertTrue(Majority.pick(List.of(Optional.empty(), Optional.empty()), 1) < 2);
  }

  @Test
  void theChartHasALineForEachMethodAndEscapesNames() {
    List<ScalingPoint> points =
        List.of(
            new ScalingPoint("a<b", 2, Bootstrap.mean("x", 0, 1), 1, 1, 10, 1),
            new ScalingPoint("a<b", 4, Bootstrap.mean("x", 1, 1), 3, 2, 20, 2),
            new ScalingPoint("oracle", 2, Bootstrap.mean("x", 1, 1), 0, 0, 10, 1));
    String svg = CurveChart.svg("R&D", points);
    assertEquals(2, svg.split("<polyline", -1).length - 1);
    assertTrue(svg.contains("a&lt;b") && svg.contains("R&amp;D"), svg);
    assertTrue(svg.startsWith("<svg") && svg.strip().endsWith("</svg>"));
  }
}
