package krites.eval;

import java.util.HashMap;
import java.util.Map;

/** Ids of rows as they come, told apart where a data set repeats one. */
public final class UniqueIds {
  private final Map<String, Integer> seen = new HashMap<>();

  /** The id itself at first, then {@code id~2}, {@code id~3}, ... */
  public String of(String id) {
    int repeat = seen.merge(id, 1, Integer::sum);
    return repeat == 1 ? id : id + "~" + repeat;
  }
}
