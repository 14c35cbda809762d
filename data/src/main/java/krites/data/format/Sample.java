package krites.data.format;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Label;

/** What one row, or a part of it, teaches: a pair to judge or a question to answer. */
public sealed interface Sample {
  /** As the file names it; not always unique there. */
  String id();

  /** In the order of their placeholders. */
  List<ImageCell> images();

  /** What reports group by. */
  Map<String, String> tags();

  /**
   * Two responses, one of them preferred.
   *
   * @param placed whether the file says which response stands first; if not, the better one does
   *     here, and whoever shows the pair must draw its order
   */
  record Pair(
      String id,
      List<ImageCell> images,
      PairText text,
      Label label,
      boolean placed,
      Map<String, String> tags)
      implements Sample {
    public Pair {
      images = List.copyOf(images);
      tags = Map.copyOf(tags);
    }
  }

  /**
   * A question with its answer.
   *
   * @param whole whether the question is a prompt that the data set words itself
   * @param answer what is graded by; empty where the row has a response alone
   * @param response a text to imitate; its prompt, if it is whole, is complete
   */
  record Item(
      String id,
      List<ImageCell> images,
      String question,
      boolean whole,
      String answer,
      Optional<String> response,
      Map<String, String> tags)
      implements Sample {
    public Item {
      images = List.copyOf(images);
      tags = Map.copyOf(tags);
    }

    /** A question with no response to imitate. */
    public Item(
        String id,
        List<ImageCell> images,
        String question,
        boolean whole,
        String answer,
        Map<String, String> tags) {
      this(id, images, question, whole, answer, Optional.empty(), tags);
    }
  }
}
