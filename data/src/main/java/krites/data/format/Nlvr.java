package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * NLVR: a sentence about a picture of shapes, true or false. Without a list of images the picture
 * is the first of its six permutations, at the place where the corpus keeps it.
 */
public record Nlvr() implements DatasetFormat {
  /** As the derived pairs ask. */
  static final String QUESTION = "Is the following statement about the picture true or false? ";

  @Override
  public String name() {
    return "nlvr";
  }

  @Override
  public String title() {
    return "NLVR statements";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.hasAll("sentence", "label", "identifier");
  }

  @Override
  public RowMeaning read(Cells row) {
    String id = row.id("identifier");
    return RowMeaning.of(
        new Sample.Item(
            id, images(row, id), QUESTION + row.text("sentence"), false, answer(row), Map.of()));
  }

  private static List<ImageCell> images(Cells row, String id) {
    List<ImageCell> listed = row.images("images", "image");
    if (!listed.isEmpty()) {
      return listed.subList(0, 1); // permutations of the same boxes
    }
    String folder = row.has("directory") ? row.answer("directory") + "/" : "";
    return List.of(new ImageCell.Named("directory", "images/" + folder + id + "-0.png"));
  }

  private static String answer(Cells row) {
    JsonNode label = row.need("label");
    String answer = label.asText().toLowerCase(Locale.ROOT);
    if (!answer.equals("true") && !answer.equals("false")) {
      throw Cells.wrong("label", label, "true or false");
    }
    return answer;
  }
}
