package krites.eval.scaling;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** The answer that most candidates give. */
public final class Majority {
  private Majority() {}

  /**
   * A candidate with the answer that most give; where several answers are as frequent, a draw
   * decides. Candidates without an answer vote for nothing.
   *
   * @param answers as a benchmark reads them, one for each candidate, at least one
   * @return the first candidate with that answer, from 0; a drawn one where nobody has an answer
   */
  public static int pick(List<Optional<String>> answers, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Map<String, Integer> votes = new LinkedHashMap<>();
    answers.forEach(answer -> answer.ifPresent(text -> votes.merge(text, 1, Integer::sum)));
    if (votes.isEmpty()) {
      return random.nextInt(answers.size());
    }
    int most = votes.values().stream().mapToInt(Integer::intValue).max().orElseThrow();
    List<String> leading = new ArrayList<>();
    votes.forEach(
        (answer, count) -> {
          if (count == most) {
            leading.add(answer);
          }
        });
    return answers.indexOf(Optional.of(leading.get(random.nextInt(leading.size()))));
  }
}
