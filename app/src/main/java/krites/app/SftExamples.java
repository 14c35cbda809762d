package krites.app;

import java.util.List;
import java.util.SplittableRandom;
import krites.app.config.RunConfig;
import krites.app.config.SftConfig;
import krites.app.display.ReadProgress;
import krites.app.display.Terminal;
import krites.data.RoutedImages;
import krites.data.SupervisedExamples;
import krites.data.SupervisedRows;
import krites.data.shapes.ShapesPrompts;
import krites.data.shapes.ShapesWorld;
import krites.data.shapes.Split;
import krites.data.shapes.SupervisedItem;
import krites.data.shapes.SupervisedShapes;
import krites.data.shapes.TeacherHabits;
import krites.grpo.flow.CursorState;
import krites.grpo.flow.PromptCursor;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.Seeds;
import krites.grpo.port.ImageStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the supervised stage imitates, in its order: rows of a file in seeded epochs, or draws from
 * what the teacher of the built-in world writes.
 *
 * @param images of all prompts
 * @param notes what was read of a file, for a person
 */
record SftExamples(SupervisedExamples examples, Order order, ImageStore images, List<String> notes)
    implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SftExamples.class);

  /** Which example stands at a place of the endless order, asked in order from 0. */
  interface Order {
    long at(long place);
  }

  /**
   * Opens what a configuration names; a file is read and checked as a whole.
   *
   * @throws InputError if it cannot be used
   */
  static SftExamples open(RunConfig config) {
    ShapesWorld world =
        InputError.guard(
            () -> new ShapesWorld(config.world().seed(), Datasets.world(config.world())));
    ImageStore images = RoutedImages.everywhere(world);
    long seed = Seeds.ofName(config.run().seed(), "sft");
    if (config.sft().rows().data().isEmpty()) {
      SupervisedShapes shapes = InputError.guard(() -> shapes(config, world));
      var draws = new SplittableRandom(seed);
      return new SftExamples(shapes, _ -> draws.nextLong(shapes.size()), images, List.of());
    }
    SupervisedRows rows = InputError.guard(() -> rows(config));
    PromptCursor order = new PromptCursor(rows.size(), seed, CursorState.start(rows.size()));
    rows.counts().bad().first().forEach(complaint -> LOG.warn("left out: {}", complaint));
    String note =
        "%s: %s, %d rows: %d examples, %d with nothing to imitate, %d damaged left out"
            .formatted(
                config.sft().rows().data(),
                rows.reader().format().title(),
                rows.counts().rows(),
                rows.counts().examples(),
                rows.counts().nothing(),
                rows.counts().bad().rows());
    return new SftExamples(
        rows, place -> order.index(new PromptTicket(place, 0)), images, List.of(note));
  }

  /** The example at a place of the order. */
  SupervisedItem next(long place) {
    return examples.item(order.at(place));
  }

  private static SupervisedRows rows(RunConfig config) {
    String name = config.sft().rows().data();
    try (ReadProgress bar =
        new ReadProgress(Terminal.standardError(), "reading " + name, System::nanoTime)) {
      return SupervisedRows.read(
          name, DataFiles.settings(config.data(), true), config.sft().rows().settings(), bar);
    }
  }

  private static SupervisedShapes shapes(RunConfig config, ShapesWorld world) {
    SftConfig sft = config.sft();
    SftConfig.Mixture mixture = sft.mixture();
    SftConfig.Habits habits = sft.habits();
    return new SupervisedShapes(
        new ShapesPrompts(world, Datasets.pairs(config.world()), config.data().instruction()),
        new TeacherHabits(
            habits.confusion(),
            habits.uniformNoise(),
            habits.positionHabit(),
            habits.preamble(),
            habits.missingTags(),
            habits.missingBox()),
        new SupervisedShapes.Mixture(mixture.caption(), mixture.policy(), mixture.critic()),
        Split.TRAIN,
        sft.trainItems());
  }

  @Override
  public void close() {
    if (examples instanceof SupervisedRows rows) {
      rows.close();
    }
  }
}
