package krites.learner;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.MultimodalPositions;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.VisionInputs;

/**
 * Sequences laid out for one forward pass: one row without padding, in which each prompt stands
 * once and behind it its responses, whose common beginnings stand once as well ({@link
 * ResponseTree}).
 *
 * <p>A response sees the prompt and itself, and its positions begin behind the prompt, so every
 * log-probability equals that of the response alone. The last token of a response is predicted but
 * not fed. Tokens that are predicted at the same place share its logits.
 *
 * @param tensors what the script methods take as {@code rows}
 * @param parts what the script methods take as {@code parts}; see {@link AttentionParts}
 * @param targets number of predicted tokens: of all sequences, responses and tokens in that order
 * @param tokens number of tokens fed
 */
public record PackedRows(NDList tensors, NDList parts, int targets, int tokens) {

  /**
   * One prompt with its responses.
   *
   * @param prompt expanded ids
   * @param images processed images of the prompt, in order
   * @param tree the responses
   */
  public record Sequence(int[] prompt, List<ProcessedImage> images, ResponseTree tree) {
    /**
     * As above.
     *
     * @param responses sampled or taught ids, each at least one token
     */
    public Sequence(int[] prompt, List<ProcessedImage> images, List<int[]> responses) {
      this(prompt, images, new ResponseTree(responses));
    }

    /** Sampled or taught ids. */
    public List<int[]> responses() {
      return tree.responses();
    }

    /** Tokens fed: the prompt once, responses without their last token, common beginnings once. */
    public int tokens() {
      return prompt.length + tree.nodes();
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
      for (long place : select) {
        if (!real[Math.toIntExact(place)]) {
          throw new IllegalArgumentException("padding at " + place + " is to predict a token");
        }
      }
    }
  }

  /** Takes the real tokens of padded rows, each row one document; images in their order. */
  public static PackedRows ofPadded(
      Padded padded, List<ProcessedImage> images, Qwen25VlConfig config, NDManager manager) {
    int tokens =
        (int) IntStream.range(0, padded.ids().length).filter(i -> padded.real()[i]).count();
    Layout layout = new Layout(tokens, padded.target().length);
    int all = padded.ids().length;
    int[] moved = new int[all];
    for (int row = 0; row < padded.rows(); row++) {
      int start = layout.fed;
      for (int at = row * padded.width(); at < (row + 1) * padded.width(); at++) {
        moved[at] = layout.fed;
        if (padded.real()[at]) {
          layout.feedPrompt(
              padded.ids()[at],
              padded.positions()[at],
              padded.positions()[all + at],
              padded.positions()[2 * all + at],
              config);
        }
      }
      if (layout.fed > start) {
        ResponseTree none = new ResponseTree(List.of());
        layout.placed.add(new AttentionParts.Placed(start, layout.fed - start, none));
      }
    }
    for (int m = 0; m < padded.target().length; m++) {
      layout.predict(moved[Math.toIntExact(padded.select()[m])], padded.target()[m]);
    }
    return layout.rows(images, config, manager);
  }

  /** Packs sequences. */
  public static PackedRows of(List<Sequence> sequences, Qwen25VlConfig config, NDManager manager) {
    int tokens = sequences.stream().mapToInt(Sequence::tokens).sum();
    int targets =
        sequences.stream()
            .flatMap(sequence -> sequence.responses().stream())
            .mapToInt(ids -> ids.length)
            .sum();
    Layout layout = new Layout(tokens, targets);
    List<ProcessedImage> images = new ArrayList<>();
    for (Sequence sequence : sequences) {
      layout.add(sequence, config);
      images.addAll(sequence.images());
    }
    return layout.rows(images, config, manager);
  }

  /** The arrays of a row while it is filled. */
  private static final class Layout {
    private final long[] ids;
    private final long[] positions;
    private final int[] select;
    private final long[] target;
    private final List<Long> imageAt = new ArrayList<>();
    private final List<AttentionParts.Placed> placed = new ArrayList<>();
    private int fed;
    private int predicted;

    Layout(int tokens, int targets) {
      ids = new long[tokens];
      positions = new long[3 * tokens];
      select = new int[targets];
      target = new long[targets];
    }

    void add(Sequence sequence, Qwen25VlConfig config) {
      int[] prompt = sequence.prompt();
      ResponseTree tree = sequence.tree();
      List<PatchGrid> grids = sequence.images().stream().map(ProcessedImage::grid).toList();
      MultimodalPositions place = MultimodalPositions.of(prompt, grids, config);
      int start = fed;
      placed.add(new AttentionParts.Placed(start, prompt.length, tree));
      var axes = place.axes();
      for (int i = 0; i < prompt.length; i++) {
        feedPrompt(prompt[i], axes[0][i], axes[1][i], axes[2][i], config);
      }
      int first = fed;
      for (int node = 0; node < tree.nodes(); node++) {
        int at = place.next() + tree.depth(node);
        feed(tree.id(node), at, at, at);
      }
      for (int r = 0; r < tree.responses().size(); r++) {
        int[] response = tree.responses().get(r);
        for (int i = 0; i < response.length; i++) {
          predict(i == 0 ? first - 1 : first + tree.path(r)[i - 1], response[i]);
        }
      }
    }

    /** Feeds a token that may stand for a part of a picture. */
    void feedPrompt(long id, long first, long second, long third, Qwen25VlConfig config) {
      if (id == config.imageToken()) {
        imageAt.add((long) fed);
      }
      feed(id, first, second, third);
    }

    private void feed(long id, long first, long second, long third) {
      ids[fed] = id;
      positions[fed] = first;
      positions[ids.length + fed] = second;
      positions[2 * ids.length + fed] = third;
      fed++;
    }

    void predict(int place, long id) {
      select[predicted] = place;
      target[predicted++] = id;
    }

    PackedRows rows(List<ProcessedImage> images, Qwen25VlConfig config, NDManager manager) {
      NDList tensors = new NDList();
      tensors.add(manager.create(ids, new Shape(1, ids.length)));
      tensors.add(manager.create(positions, new Shape(3, 1, ids.length)));
      addTargets(tensors, manager);
      tensors.add(manager.create(imageAt.stream().mapToLong(Long::longValue).toArray()));
      if (!images.isEmpty()) {
        tensors.addAll(VisionInputs.of(images, config, manager));
      }
      return new PackedRows(
          tensors, AttentionParts.tensors(placed, manager), target.length, ids.length);
    }

    /** Targets by the place that predicts them, so that each place's logits are made once. */
    private void addTargets(NDList tensors, NDManager manager) {
      int[] places = Arrays.stream(select).sorted().distinct().toArray();
      int[] logits = new int[ids.length];
      for (int u = 0; u < places.length; u++) {
        logits[places[u]] = u;
      }
      int[] next = new int[places.length + 1];
      for (int place : select) {
        next[logits[place] + 1]++;
      }
      Arrays.parallelPrefix(next, Integer::sum);
      long[] rows = new long[target.length];
      long[] sorted = new long[target.length];
      long[] order = new long[target.length];
      long[] back = new long[target.length];
      for (int m = 0; m < target.length; m++) {
        int u = logits[select[m]];
        int at = next[u]++;
        rows[at] = u;
        sorted[at] = target[m];
        order[at] = m;
        back[m] = at;
      }
      tensors.add(manager.create(Arrays.stream(places).asLongStream().toArray()));
      tensors.add(manager.create(rows));
      tensors.add(manager.create(sorted));
      tensors.add(manager.create(order));
      tensors.add(manager.create(back));
    }
  }
}
