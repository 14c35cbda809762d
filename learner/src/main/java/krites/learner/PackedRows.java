package krites.learner;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.MultimodalPositions;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.VisionInputs;

/**
 * Sequences laid out for one forward pass: each row holds a prompt once and all its responses
 * behind it.
 *
 * <p>Responses see the prompt and themselves, not each other (segments), and their positions all
 * start behind the prompt, so every log-probability equals that of the response alone. The last
 * token of a response is predicted but not fed. Rows are padded on the right.
 *
 * @param tensors what the script methods take as {@code rows}
 * @param parts what the script methods take as {@code parts}; see {@link AttentionParts}
 * @param targets number of predicted tokens: of all sequences, responses and tokens in that order
 * @param tokens number of tokens fed, padding not counted
 */
public record PackedRows(NDList tensors, NDList parts, int targets, int tokens) {

  /**
   * One prompt with its responses.
   *
   * @param prompt expanded ids
   * @param images processed images of the prompt, in order
   * @param responses sampled or taught ids, each at least one token
   */
  public record Sequence(int[] prompt, List<ProcessedImage> images, List<int[]> responses) {
    /** Tokens fed: the prompt once, each response without its last token. */
    public int tokens() {
      return prompt.length + responses.stream().mapToInt(response -> response.length - 1).sum();
    }
  }

  /**
   * Rows laid out elsewhere, with padding anywhere; arrays are row major.
   *
   * @param rows number of rows B
   * @param width tokens of a row T
   * @param ids (B, T)
   * @param real (B, T) false at padding, which no real token sees
   * @param positions (3, B, T)
   * @param select (M) flat index of each token that predicts
   * @param target (M) what it predicts
   */
  public record Padded(
      int rows,
      int width,
      long[] ids,
      boolean[] real,
      long[] positions,
      long[] select,
      long[] target) {
    public Padded {
      int tokens = rows * width;
      if (ids.length != tokens || real.length != tokens || positions.length != 3 * tokens) {
        throw new IllegalArgumentException(
            ids.length
                + " ids, "
                + real.length
                + " flags and "
                + positions.length
                + " positions for "
                + rows
                + " x "
                + width
                + " tokens");
      }
      if (select.length != target.length) {
        throw new IllegalArgumentException(
            select.length + " predicting tokens for " + target.length + " targets");
      }
    }
  }

  /** Takes padded rows as they are, each row one document; images in the order of their tokens. */
  public static PackedRows ofPadded(
      Padded padded, List<ProcessedImage> images, Qwen25VlConfig config, NDManager manager) {
    Layout layout = new Layout(padded.rows(), padded.width(), padded.target().length);
    int tokens = layout.take(padded, config.imageToken());
    NDList tensors = layout.tensors(manager);
    if (!images.isEmpty()) {
      tensors.addAll(VisionInputs.of(images, config, manager));
    }
    return new PackedRows(tensors, new NDList(), padded.target().length, tokens);
  }

  /** Packs sequences, one row each. */
  public static PackedRows of(List<Sequence> sequences, Qwen25VlConfig config, NDManager manager) {
    int rows = sequences.size();
    int width = sequences.stream().mapToInt(Sequence::tokens).max().orElseThrow();
    int targets =
        sequences.stream()
            .flatMap(sequence -> sequence.responses().stream())
            .mapToInt(ids -> ids.length)
            .sum();
    Layout layout = new Layout(rows, width, targets);
    List<ProcessedImage> images = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      layout.add(row, sequences.get(row), config);
      images.addAll(sequences.get(row).images());
    }
    NDList tensors = layout.tensors(manager);
    if (!images.isEmpty()) {
      tensors.addAll(VisionInputs.of(images, config, manager));
    }
    NDList parts = new AttentionParts(width, sequences).tensors(manager);
    return new PackedRows(
        tensors, parts, targets, sequences.stream().mapToInt(Sequence::tokens).sum());
  }

  /** The arrays of a row set while it is filled. */
  private static final class Layout {
    private final int rows;
    private final int width;
    private final long[] ids;
    private final long[] positions;
    private final int[] doc;
    private final int[] segment;
    private final long[] select;
    private final long[] target;
    private final List<Long> imageAt = new ArrayList<>();
    private int predicted;

    Layout(int rows, int width, int targets) {
      this.rows = rows;
      this.width = width;
      ids = new long[rows * width];
      positions = new long[3 * rows * width];
      doc = new int[rows * width];
      Arrays.fill(doc, -1);
      segment = new int[rows * width];
      select = new long[targets];
      target = new long[targets];
    }

    void add(int row, Sequence sequence, Qwen25VlConfig config) {
      int[] prompt = sequence.prompt();
      List<PatchGrid> grids = sequence.images().stream().map(ProcessedImage::grid).toList();
      MultimodalPositions place = MultimodalPositions.of(prompt, grids, config);
      int at = row * width;
      for (int i = 0; i < prompt.length; i++, at++) {
        put(at, prompt[i], row, 0);
        for (int axis = 0; axis < 3; axis++) {
          positions[axis * rows * width + at] = place.axes()[axis][i];
        }
        if (prompt[i] == config.imageToken()) {
          imageAt.add((long) at);
        }
      }
      int lastOfPrompt = at - 1;
      for (int j = 0; j < sequence.responses().size(); j++) {
        int[] response = sequence.responses().get(j);
        for (int i = 0; i < response.length; i++) {
          select[predicted] = i == 0 ? lastOfPrompt : at - 1;
          target[predicted++] = response[i];
          if (i < response.length - 1) {
            put(at, response[i], row, j + 1);
            for (int axis = 0; axis < 3; axis++) {
              positions[axis * rows * width + at] = place.next() + i;
            }
            at++;
          }
        }
      }
    }

    /** Copies rows; returns how many tokens are real. */
    int take(Padded padded, int imageToken) {
      System.arraycopy(padded.positions(), 0, positions, 0, positions.length);
      System.arraycopy(padded.select(), 0, select, 0, select.length);
      System.arraycopy(padded.target(), 0, target, 0, target.length);
      int tokens = 0;
      for (int at = 0; at < ids.length; at++) {
        ids[at] = padded.ids()[at];
        if (padded.real()[at]) {
          doc[at] = at / width;
          tokens++;
          if (ids[at] == imageToken) {
            imageAt.add((long) at);
          }
        }
      }
      return tokens;
    }

    private void put(int at, int id, int row, int part) {
      ids[at] = id;
      doc[at] = row;
      segment[at] = part;
    }

    NDList tensors(NDManager manager) {
      NDList tensors = new NDList();
      tensors.add(manager.create(ids, new Shape(rows, width)));
      tensors.add(manager.create(positions, new Shape(3, rows, width)));
      tensors.add(manager.create(IntBuffer.wrap(doc), new Shape(rows, width), DataType.INT32));
      tensors.add(manager.create(IntBuffer.wrap(segment), new Shape(rows, width), DataType.INT32));
      tensors.add(manager.create(select));
      tensors.add(manager.create(target));
      tensors.add(manager.create(imageAt.stream().mapToLong(Long::longValue).toArray()));
      return tensors;
    }
  }
}
