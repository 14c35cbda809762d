package krites.eval.critic;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import krites.data.shapes.PairSettings;
import krites.data.shapes.ShapesItem;
import krites.data.shapes.ShapesWorld;
import krites.data.shapes.Split;

/** Held-out pairs of the built-in world, under their true labels. */
public final class ShapesPairs {
  private ShapesPairs() {}

  /** The pairs of the first items of a split. */
  public static List<CriticPair> of(
      ShapesWorld world, PairSettings settings, Split split, long size) {
    List<CriticPair> pairs = new ArrayList<>();
    for (long number = 0; number < size; number++) {
      ShapesItem item = world.item(split, number);
      krites.data.shapes.CriticPair pair =
          krites.data.shapes.CriticPair.of(item, world.settings(), settings);
      String id = "shapes-" + number;
      pairs.add(
          new CriticPair(
              number,
              id,
              id,
              item.questionText(),
              pair.firstText(),
              pair.secondText(),
              pair.truth(),
              List.of(item.image()),
              Optional.empty(),
              Map.of(
                  "kind",
                  item.question().kind().word(),
                  "style",
                  pair.style().name().toLowerCase(Locale.ROOT))));
    }
    return pairs;
  }
}
