package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class HedgeRuleTest {
  @Test
  void nothingIsSlowBeforeAMedianMeansAnything() {
    HedgeRule rule = new HedgeRule(3);
    for (int i = 0; i < 15; i++) {
      rule.took(100);
      assertEquals(OptionalLong.empty(), rule.limitNanos());
    }
    rule.took(100);
    assertEquals(OptionalLong.of(300), rule.limitNanos());
  }

  @Test
  void theLimitIsAMultipleOfTheMedianAndNotOfTheMean() {
    HedgeRule rule = new HedgeRule(1.5);
    for (int i = 1; i <= 17; i++) {
      rule.took(i == 17 ? 1_000_000 : i); // one straggler among 1 to 16
    }
    assertEquals(OptionalLong.of(13), rule.limitNanos()); // 1.5 times 9, cut
  }

  @Test
  void onlyTheLastGroupsCount() {
    HedgeRule rule = new HedgeRule(2);
    for (int i = 0; i < 128; i++) {
      rule.took(1_000);
    }
    for (int i = 0; i < 65; i++) {
      rule.took(10);
    }
    assertEquals(OptionalLong.of(20), rule.limitNanos());
  }

  @Test
  void withoutAFactorThereAreNoHedges() {
    HedgeRule rule = new HedgeRule(0);
    for (int i = 0; i < 50; i++) {
      rule.took(1);
    }
    assertEquals(OptionalLong.empty(), rule.limitNanos());
  }
}
