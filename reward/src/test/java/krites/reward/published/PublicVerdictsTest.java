package krites.reward.published;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import java.util.OptionalInt;
import krites.grpo.Label;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PublicVerdictsTest {
  @ParameterizedTest
  @CsvSource({
    "'**Overall Judgment**: Answer 2 is slightly better',2",
    "'OVERALL JUDGMENT\n\nanswer2isthe slightlybetter',2",
    "'Answer 1 is better. Therefore nothing.',-1",
    "'Therefore Answer 1 is better. Therefore Answer 2 is better. Fine.',2",
    "'Therefore Answer 1 is\u00a0better',1",
    "'There*fore, Ans\nwer 1 is better',1",
    "'Therefore Answer 1 is slightly the better',-1",
    "'Therefore Answer one is better',-1",
    "'Therefore Answer \u0662 is better',2",
    "'Therefore\rAnswer 2 is better',2",
    "'Therefore Answer 99999999999999999999 is better',2147483647"
  })
  void vlRewardBench(String text, int expected) {
    assertEquals(
        expected < 0 ? OptionalInt.empty() : OptionalInt.of(expected),
        PublicVerdicts.vlRewardBench(text));
  }

  @ParameterizedTest
  @CsvSource({"[[B]] no [[A]],FIRST", "x[[B]]x,SECOND", "[[a]],", "[B],", "[[ A ]],"})
  void multimodalRewardBench(String text, Label expected) {
    assertEquals(Optional.ofNullable(expected), PublicVerdicts.multimodalRewardBench(text));
  }

  @ParameterizedTest
  @CsvSource({
    "'x\nx\nRESPONSE 1 IS BETTER\n\nline\n\n',FIRST",
    "'Response 1 is better\n\nx\nx',",
    "'Response 1 is better. Response 2 is better.',FIRST",
    "'Response 3 is better. Response 2 is better.',",
    "'***Response 02*** is better',SECOND",
    "'**Response** 2 is better',",
    "'Response  2 is better',",
    "'Response 12 is better',"
  })
  void multiCrit(String text, Label expected) {
    assertEquals(Optional.ofNullable(expected), PublicVerdicts.multiCrit(text));
  }
}
