package krites.model.plain;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
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
  private static final float BETA1 = 0.9f;
  private static final float BETA2 = 0.999f;
  private static final float EPSILON = 1e-8f;
  private static final float WEIGHT_DECAY = 0.01f;

  private final PlainNetwork network;
  private final NDManager manager;
  private final List<String> names = new ArrayList<>();
  private final NDList trained = new NDList();
  private final NDList means = new NDList();
  private final NDList variances = new NDList();
  private final double learningRate;
  private int steps;

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
    this.learningRate = learningRate;
    for (NDArray weight : trained) {
      means.add(manager.zeros(weight.getShape()));
      variances.add(manager.zeros(weight.getShape()));
    }
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
    NDList gradients = new NDList();
    double squares = 0;
    for (NDArray weight : trained) {
      NDArray gradient = weight.getGradient();
      gradients.add(gradient);
      try (NDArray square = gradient.square();
          NDArray sum = square.sum()) {
        squares += sum.getFloat();
      }
    }
    double norm = Math.sqrt(squares);
    float factor = (float) (maxNorm / Math.max(norm, maxNorm));
    steps++;
    for (int i = 0; i < trained.size(); i++) {
      if (factor < 1) {
        gradients.get(i).muli(factor);
      }
      adamW(i, gradients.get(i));
    }
    gradients.close();
    return norm;
  }

  /**
   * The update of DJL's own {@code AdamW}, which keeps its moments where nobody can free them; it
   * also sets the gradient to zero.
   */
  private void adamW(int i, NDArray gradient) {
    NDArray weight = trained.get(i);
    double corrected =
        learningRate * Math.sqrt(1 - Math.pow(BETA2, steps)) / (1 - Math.pow(BETA1, steps));
    weight
        .getNDArrayInternal()
        .adamUpdate(
            new NDList(weight, gradient, means.get(i), variances.get(i)),
            new NDList(weight),
            (float) learningRate,
            (float) corrected,
            WEIGHT_DECAY,
            1f, // gradients as they are
            0f, // the norm was clipped already
            BETA1,
            BETA2,
            EPSILON,
            true,
            true);
  }

  @Override
  public void close() {
    trained.forEach(weight -> weight.setRequiresGradient(false));
    manager.close();
  }
}
