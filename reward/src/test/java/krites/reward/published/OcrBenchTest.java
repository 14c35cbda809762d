package krites.reward.published;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OcrBenchTest {
  @ParameterizedTest
  @CsvSource({
    "IIIT5K,CENTRE,'it says Centre.',1",
    "IIIT5K,Ｃａｆé！,the café!,1",
    "IIIT5K,two words,'TWO\nWORDS',1",
    "IIIT5K,two words,twowords,0",
    "IIIT5K,IV,Ⅳ,0",
    "IIIT5K,kg,㎏,0",
    "IIIT5K,ｶ,カ,0",
    "HME100k,x + 1,'so x+\n1',1",
    "HME100k,X,x,0",
    "HME100k,x+1,ｘ＋１,0"
  })
  void score(String dataset, String answer, String prediction, int expected) {
    List<String> answers = List.of("something else", answer);
    assertEquals(expected, OcrBench.of(dataset).score(answers, prediction));
  }
}
