package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import krites.grpo.Label;

/**
 * ShapeWorld: captions of a generated picture, each in agreement with it or not. As questions,
 * every caption is one; as pairs, every caption that agrees stands against one that does not.
 *
 * @param pairs which of the two
 */
public record ShapeWorld(boolean pairs) implements DatasetFormat {
  private static final String WHICH = "Which statement about the picture is true?";

  @Override
  public String name() {
    return pairs ? "shapeworld-pairs" : "shapeworld";
  }

  @Override
  public String title() {
    return pairs ? "ShapeWorld captions as pairs" : "ShapeWorld captions as questions";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("captions", "image") && row.object().get("captions").isArray();
  }

  @Override
  public RowMeaning read(Cells row) {
    List<String> right = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    List<Sample> items = new ArrayList<>();
    String id = row.has("set") ? row.text("set") + "-" + row.answer("world") : row.id("id");
    List<ImageCell> images = row.needImages("image");
    Map<String, String> tags = row.tags("set");
    for (JsonNode caption : row.list("captions")) {
      String text = Cells.text("captions.text", caption.path("text"));
      boolean agrees = agrees(caption);
      (agrees ? right : wrong).add(text);
      items.add(
          new Sample.Item(
              id + "#" + (items.size() + 1),
              images,
              Nlvr.QUESTION + text,
              false,
              Boolean.toString(agrees),
              tags));
    }
    List<Sample> samples = pairs ? pairs(id, images, right, wrong, tags) : items;
    return samples.isEmpty()
        ? new RowMeaning.Nothing(RowMeaning.Reason.NO_PAIR)
        : new RowMeaning.Samples(samples);
  }

  private static boolean agrees(JsonNode caption) {
    JsonNode agreement = caption.path("agreement");
    if (!agreement.isNumber() || agreement.asDouble() != 0 && agreement.asDouble() != 1) {
      throw Cells.wrong("captions.agreement", agreement, "1.0 or 0.0");
    }
    return agreement.asDouble() == 1;
  }

  /** As many pairs as there are captions of the rarer kind: none is shown twice. */
  private static List<Sample> pairs(
      String id,
      List<ImageCell> images,
      List<String> right,
      List<String> wrong,
      Map<String, String> tags) {
    List<Sample> pairs = new ArrayList<>();
    for (int i = 0; i < Math.min(right.size(), wrong.size()); i++) {
      pairs.add(
          new Sample.Pair(
              id + "#" + (i + 1),
              images,
              new PairText.Fields(WHICH, right.get(i), wrong.get(i)),
              Label.FIRST,
              false,
              tags));
    }
    return pairs;
  }
}
