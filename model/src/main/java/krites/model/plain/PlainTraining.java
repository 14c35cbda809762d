package krites.model.plain;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.optimizer.AdamW;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.NetworkWeights;

/**
 * The weights of the plain twin under training: gradients by DJL's {@link GradientCollector}, steps
 * by DJL's AdamW, the logits of all targets at once.
 *
 * <p>DJL has one collector per process: nothing else may train meanwhile. Owns gradients and
 * moments, not the weights. One thread.
 */
public final class PlainTraining implements AutoCloseable {
  private final PlainNetwork network;
  private final NDManager manager;
  private final List<String> names = new ArrayList<>();
  private final NDList trained = new NDList();
  private final Optimizer optimizer;

  /**
   * Padded rows, each one document; arrays are row major.
   *
   * @param rows number of rows B
   * @param ids (B, T)
   * @param real (B, T) false at padding, which no real token sees
   * @param positions (3, B, T)
   * @param images of all rows, in the order of their tokens
   * @param select (M) flat index of each token that predicts
   * @param target (M) what it predicts
   * @param weight (M) of its negative log-probability in the loss
   */
  public record Batch(
      int rows,
      long[] ids,
      boolean[] real,
      long[] positions,
      List<ProcessedImage> images,
      long[] select,
      long[] target,
      float[] weight) {
    int width() {
      return ids.length / rows;
    }
  }

  /**
   * @param weights float32, changed in place
   * @param isTrained which of them, by their published names
   */
  public PlainTraining(
      PlainNetwork network,
      NetworkWeights weights,
      Predicate<String> isTrained,
      double learningRate,
      NDManager parent) {
    this.network = network;
    this.manager = parent.newSubManager();
    for (int i = 0; i < weights.tensors().size(); i++) {
      String name = weights.layout().names().get(i);
      if (isTrained.test(name)) {
        NDArray tensor = weights.tensors().get(i);
        tensor.setRequiresGradient(true);
        names.add(name);
        trained.add(tensor);
      }
    }
    AdamW.Builder builder = Optimizer.adamW();
    this.optimizer =
        builder
            .optLearningRateTracker(Tracker.fixed((float) learningRate))
            .optWeightDecays(0.01f)
            .build();
  }

  /** Log-probabilities of the targets, (M); no gradients. */
  public float[] logProbs(Batch batch) {
    try (NDScope scope = new NDScope();
        NDManager mine = manager.newSubManager()) {
      scope.suppressNotUsedWarning();
      return logProbs(batch, mine).toFloatArray();
    }
  }

  /**
   * Makes the gradient of the weighted sum of negative log-probabilities; it is added to what there
   * is.
   *
   * @return the loss
   */
  public double supervised(Batch batch) {
    try (NDScope scope = new NDScope();
        NDManager mine = manager.newSubManager();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      scope.suppressNotUsedWarning();
      NDArray weight = mine.create(batch.weight());
      NDArray loss = logProbs(batch, mine).mul(weight).sum().neg();
      collector.backward(loss);
      return loss.getFloat();
    }
  }

  private NDArray logProbs(Batch batch, NDManager mine) {
    int width = batch.width();
    Shape shape = new Shape(batch.rows(), width);
    NDArray x =
        batch.images().isEmpty()
            ? network.embed(mine.create(batch.ids(), shape))
            : network.embed(batch.ids(), shape, network.see(batch.images(), mine), mine);
    NDArray hidden =
        network.hidden(
            x,
            mine.create(batch.positions(), new Shape(3, batch.rows(), width)),
            PlainLayers.bias(causal(batch), new Shape(batch.rows(), 1, width, width), mine));
    NDArray picked = hidden.reshape(-1, network.config().hidden()).get(mine.create(batch.select()));
    NDArray logProbs = network.logits(picked).logSoftmax(-1);
    NDArray target = mine.create(batch.target()).expandDims(1);
    return logProbs.gather(target, 1).squeeze(1);
  }

  /** Real tokens look at the real ones before them, padding at itself. */
  private static boolean[] causal(Batch batch) {
    int width = batch.width();
    boolean[] seen = new boolean[batch.ids().length * width];
    for (int at = 0; at < batch.ids().length; at++) {
      int row = at / width;
      for (int key = 0; key <= at % width; key++) {
        boolean same = batch.real()[at] == batch.real()[row * width + key];
        seen[at * width + key] = same;
      }
    }
    return seen;
  }

  /** The gradient of a trained weight as far as it is added up, row major. */
  public float[] gradient(String name) {
    try (NDArray gradient = trained.get(names.indexOf(name)).getGradient()) {
      return gradient.toFloatArray();
    }
  }

  /**
   * Clips the gradients to a global norm, makes one AdamW step and forgets them.
   *
   * @return the norm before clipping
   */
  public double update(double maxNorm) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      NDList gradients = new NDList();
      double squares = 0;
      for (NDArray weight : trained) {
        NDArray gradient = weight.getGradient();
        gradients.add(gradient);
        squares += gradient.square().sum().getFloat();
      }
      double norm = Math.sqrt(squares);
      float factor = (float) (maxNorm / Math.max(norm, maxNorm));
      for (int i = 0; i < trained.size(); i++) {
        NDArray gradient = gradients.get(i);
        if (factor < 1) {
          gradient.muli(factor);
        }
        optimizer.update(names.get(i), trained.get(i), gradient);
      }
      return norm;
    }
  }

  @Override
  public void close() {
    trained.forEach(weight -> weight.setRequiresGradient(false));
    manager.close();
  }
}
