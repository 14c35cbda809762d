package krites.app.conformance;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import krites.learner.TrainingCore;
import krites.model.image.ImageDecoder;
import krites.model.image.ImageProcessor;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.ScriptModule;
import krites.rollout.RolloutNetwork;
import krites.rollout.RolloutScript;

/**
 * One golden model, loaded the way a rollout worker and a learner load theirs. Owns its native
 * memory.
 */
final class GoldenModel implements AutoCloseable {
  private final Path folder;
  private final Qwen25VlConfig config;
  private final NDManager manager;
  private final NetworkWeights weights;
  private final ScriptModule script;
  private final RolloutNetwork network;

  GoldenModel(Path folder, Qwen25VlConfig config, NDManager parent) {
    this.folder = folder;
    this.config = config;
    this.manager = parent.newSubManager();
    this.weights = NetworkWeights.load(folder, config, manager);
    this.script = ScriptModule.load(manager, RolloutScript.methods(config));
    this.network = new RolloutNetwork(config, weights.copy(manager), manager);
  }

  Qwen25VlConfig config() {
    return config;
  }

  NDManager manager() {
    return manager;
  }

  NetworkWeights weights() {
    return weights;
  }

  ScriptModule script() {
    return script;
  }

  /** The network as a rollout engine calls it. */
  RolloutNetwork network() {
    return network;
  }

  /** A learner's core on weights of its own. */
  TrainingCore newCore() {
    return new TrainingCore(config, weights.copy(manager), TrainingCore.Choice.PLAIN, manager);
  }

  /** Image files as the model's processor turns them into patches. */
  List<ProcessedImage> process(Path images, List<String> names) throws IOException {
    ImageProcessor processor = ImageProcessor.load(folder);
    List<ProcessedImage> processed = new ArrayList<>();
    for (String name : names) {
      Path file = images.resolve(name);
      processed.add(
          processor.process(ImageDecoder.decode(Files.readAllBytes(file), file.toString())));
    }
    return processed;
  }

  /** Calls a script method with the given arguments and the weights behind them. */
  NDList call(NDManager output, String method, List<?> arguments) {
    List<Object> all = new ArrayList<>(arguments);
    all.add(weights.tensors());
    return script.call(output, method, all.toArray());
  }

  /** As {@link #call}, for a method that gives one tensor. */
  NDArray callOne(NDManager output, String method, List<?> arguments) {
    return call(output, method, arguments).get(0);
  }

  /** Grids of images as {@code image_grid_thw} lists them. */
  static long[] grids(List<ProcessedImage> images) {
    long[] flat = new long[3 * images.size()];
    for (int i = 0; i < images.size(); i++) {
      PatchGrid grid = images.get(i).grid();
      flat[3 * i] = grid.t();
      flat[3 * i + 1] = grid.h();
      flat[3 * i + 2] = grid.w();
    }
    return flat;
  }

  /** Patches of images one after the other, as {@code pixel_values} lists them. */
  static float[] pixels(List<ProcessedImage> images) {
    int length = images.stream().mapToInt(image -> image.pixelValues().length).sum();
    float[] flat = new float[length];
    int at = 0;
    for (ProcessedImage image : images) {
      System.arraycopy(image.pixelValues(), 0, flat, at, image.pixelValues().length);
      at += image.pixelValues().length;
    }
    return flat;
  }

  @Override
  public void close() {
    network.close();
    script.close();
    weights.close();
    manager.close();
  }
}
