package krites.data.shapes;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.data.shapes.SeededStream.Purpose;
import krites.grpo.ImageRef;
import krites.grpo.port.ImageStore;

/**
 * The generator: item {@code i} of a split is computed from (seed, split, i) and the settings
 * alone. As an image store it draws the picture of an image name (the name says seed, split and
 * index; the settings are the store's own) anew at each call, in a fraction of a millisecond.
 * Thread safe.
 */
public final class ShapesWorld implements ImageStore {
  /** What image names of this world begin with; {@code train/7/123} follows: split, seed, index. */
  public static final String SCHEME = "shapes:";

  /** Pixels per side of a cell: 2x2 patches of 14, one merged visual token. */
  public static final int CELL_PIXELS = 28;

  private static final Pattern NAME = Pattern.compile("shapes:([a-z]+)/(-?\\d{1,19})/(\\d{1,18})");

  /**
   * The rarest wish (three of a shape, test split) needs about 200 scenes; beyond this the settings
   * allow none.
   */
  private static final int ATTEMPTS_MAX = 100_000;

  private final long seed;
  private final WorldSettings settings;
  private final double[] kindWeights;

  /** A world; two worlds of the same seed and settings are the same. */
  public ShapesWorld(long seed, WorldSettings settings) {
    this.seed = seed;
    this.settings = settings;
    this.kindWeights = new double[QuestionKind.values().length];
    for (QuestionKind kind : QuestionKind.values()) {
      kindWeights[kind.ordinal()] = settings.weight(kind);
    }
  }

  /** The seed of {@link #item(Split, long)}. */
  public long seed() {
    return seed;
  }

  /** How the world is made. */
  public WorldSettings settings() {
    return settings;
  }

  /** Item {@code index} of a split. */
  public ShapesItem item(Split split, long index) {
    return item(seed, split, index);
  }

  /**
   * Makes sure that every enabled kind of question can be asked in a split; a small world may have
   * no scene for it.
   *
   * @throws IllegalArgumentException naming the split and the kind that cannot be asked
   */
  public void requireQuestions(Split split) {
    for (QuestionKind kind : QuestionKind.values()) {
      if (settings.weight(kind) > 0) {
        for (Questioner questioner : Questioner.all(kind, settings)) {
          ask(questioner, split, SeededStream.of(seed, split, 0, Purpose.ITEM));
        }
      }
    }
  }

  /**
   * The PNG file of an item's picture, RGB with 8 bits per channel; equal bytes on every machine.
   */
  public byte[] png(ShapesItem item) {
    SeededStream stream = SeededStream.of(item.seed(), item.split(), item.index(), Purpose.PICTURE);
    int side = settings.grid() * CELL_PIXELS;
    return PngWriter.write(side, side, PictureRenderer.render(item.scene(), settings, stream));
  }

  @Override
  public byte[] read(ImageRef image) throws IOException {
    Matcher name = NAME.matcher(image.name());
    if (name.matches()) {
      Optional<Split> split = Split.named(name.group(1));
      if (split.isPresent()) {
        return png(item(Long.parseLong(name.group(2)), split.get(), Long.parseLong(name.group(3))));
      }
    }
    throw new IOException(
        "image " + image.name() + ": expected a name like shapes:train/7/123 (split, seed, index)");
  }

  private ShapesItem item(long worldSeed, Split split, long index) {
    if (index < 0) {
      throw new IllegalArgumentException("item " + index + " is negative");
    }
    SeededStream stream = SeededStream.of(worldSeed, split, index, Purpose.ITEM);
    QuestionKind kind = QuestionKind.values()[stream.weighted(kindWeights)];
    Questioner questioner = stream.pick(Questioner.all(kind, settings));
    boolean unseen = stream.chance(settings.unseenForms()) && split == Split.TEST;
    int trained = stream.below(Question.FORMS - 1);
    int form = unseen ? Question.FORMS - 1 : trained;
    Asked asked = ask(questioner, split, stream);
    return new ShapesItem(worldSeed, split, index, asked.scene(), asked.question(), form);
  }

  private record Asked(Scene scene, Question question) {}

  /** The first scene of the stream that belongs to the split and allows the question. */
  private Asked ask(Questioner questioner, Split split, SeededStream stream) {
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      Scene scene = drawScene(stream);
      if (Split.of(scene) == split) {
        Optional<Question> question = questioner.ask(scene, settings, stream);
        if (question.isPresent()) {
          return new Asked(scene, question.get());
        }
      }
    }
    throw new IllegalArgumentException(
        "no scene of split "
            + split.word()
            + " allows a question of kind "
            + questioner.kind().word()
            + " under "
            + settings);
  }

  private Scene drawScene(SeededStream stream) {
    int cells = settings.grid() * settings.grid();
    int objects = stream.between(settings.objectsMin(), settings.objectsMax());
    List<Cell> scene = new ArrayList<>(cells);
    int left = objects;
    for (int cell = 0; cell < cells; cell++) {
      if (stream.below(cells - cell) < left) {
        scene.add(new Cell.Filled(stream.pick(settings.colours()), stream.pick(settings.shapes())));
        left--;
      } else {
        scene.add(new Cell.Empty());
      }
    }
    return new Scene(settings.grid(), scene);
  }
}
