package krites.app;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import krites.actors.EvalSet;
import krites.app.config.RunConfig;
import krites.app.run.RunHistory;
import krites.data.MixedPrompts;
import krites.data.RoutedImages;
import krites.data.shapes.Colour;
import krites.data.shapes.PairSettings;
import krites.data.shapes.QuestionKind;
import krites.data.shapes.Shape;
import krites.data.shapes.ShapesDataset;
import krites.data.shapes.ShapesPrompts;
import krites.data.shapes.ShapesWorld;
import krites.data.shapes.Split;
import krites.data.shapes.WorldSettings;
import krites.grpo.Task;
import krites.grpo.port.ImageStore;
import krites.grpo.port.PromptSource;

/**
 * The prompts of a run and the images they name.
 *
 * @param train prompts to learn from
 * @param evalSets held-out prompts, under the names of {@link RunHistory}
 * @param images the images of all of them
 * @param notes what was kept and dropped of each file, for a person
 */
record Datasets(
    PromptSource train, Map<String, EvalSet> evalSets, ImageStore images, List<String> notes) {

  /**
   * Opens what the configuration names; files are read and checked as a whole.
   *
   * @throws krites.data.DatasetException if a file cannot be used; the message names file and line
   * @throws InputError if the world's knobs do not fit together
   */
  static Datasets of(RunConfig config) {
    ShapesWorld world = new ShapesWorld(config.world().seed(), world(config.world()));
    world.requireQuestions(Split.TRAIN);
    world.requireQuestions(Split.TEST);
    RunConfig.Data data = config.data();
    DataFiles files = new DataFiles(data);
    Map<String, EvalSet> evalSets = new LinkedHashMap<>();
    addEval(
        evalSets,
        files,
        RunHistory.CRITIC,
        config,
        world,
        data.evalCritic(),
        Task.CRITIC,
        config.eval().criticItems());
    addEval(
        evalSets,
        files,
        RunHistory.POLICY,
        config,
        world,
        data.evalPolicy(),
        Task.POLICY,
        config.eval().policyItems());
    PromptSource train = train(config, files, world);
    ImageStore images = RoutedImages.everywhere(world);
    return new Datasets(train, evalSets, images, files.notes());
  }

  private static PromptSource train(RunConfig config, DataFiles files, ShapesWorld world) {
    RunConfig.Data data = config.data();
    if (!data.trainsPolicy()) {
      return critic(config, files, world);
    }
    PromptSource policy =
        data.trainPolicy().equals(RunConfig.BUILT_IN_WORLD)
            ? shapes(config, world, Task.POLICY)
            : files.questions(data.trainPolicy());
    return data.trainsCritic()
        ? new MixedPrompts(critic(config, files, world), policy, data.policyShare())
        : policy;
  }

  private static PromptSource critic(RunConfig config, DataFiles files, ShapesWorld world) {
    String train = config.data().train();
    return train.equals(RunConfig.BUILT_IN_WORLD)
        ? shapes(config, world, Task.CRITIC)
        : files.read(train, true);
  }

  private static PromptSource shapes(RunConfig config, ShapesWorld world, Task task) {
    return new ShapesDataset(
        new ShapesPrompts(world, pairs(config.world()), config.data().instruction()),
        Split.TRAIN,
        task,
        config.world().trainItems());
  }

  private static void addEval(
      Map<String, EvalSet> sets,
      DataFiles files,
      String name,
      RunConfig config,
      ShapesWorld world,
      String from,
      Task task,
      int items) {
    if (items == 0) {
      return;
    }
    RunConfig.Data data = config.data();
    PromptSource source =
        from.equals(RunConfig.BUILT_IN_WORLD)
            ? new ShapesDataset(
                new ShapesPrompts(
                    world, pairs(config.world()).withTrueLabels(), data.instruction()),
                Split.TEST,
                task,
                items)
            : files.read(from, false);
    sets.put(name, new EvalSet(source, Math.min(items, source.size())));
  }

  /** The world that a configuration describes. */
  static WorldSettings world(RunConfig.World knobs) {
    try {
      Map<QuestionKind, Double> questions = new EnumMap<>(QuestionKind.class);
      knobs.kinds().forEach(kind -> questions.put(QuestionKind.named(kind), 1.0));
      return new WorldSettings(
          knobs.grid(),
          List.of(Shape.values()),
          List.of(Colour.values()),
          knobs.objectsMin(),
          knobs.objectsMax(),
          knobs.jitterPixels(),
          knobs.outlinePixels(),
          knobs.colourJitter(),
          knobs.pixelNoise(),
          knobs.gradient(),
          questions,
          knobs.unseenForms());
    } catch (IllegalArgumentException e) {
      throw new InputError("world: " + e.getMessage(), e);
    }
  }

  /** The pairs that a configuration describes. */
  static PairSettings pairs(RunConfig.World knobs) {
    try {
      return new PairSettings(
          knobs.temptingWrong(),
          knobs.labelNoise(),
          knobs.shuffleLabels(),
          knobs.wordWeight(),
          knobs.sentenceWeight(),
          knobs.captionWeight());
    } catch (IllegalArgumentException e) {
      throw new InputError("world: " + e.getMessage(), e);
    }
  }
}
