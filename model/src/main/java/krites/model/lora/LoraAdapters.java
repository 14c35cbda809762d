package krites.model.lora;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsFile;

/**
 * The tensors of all adapters of a network, in float32, in the order of their {@link LoraLayout}.
 *
 * <p>Owns the tensors: closing it frees them.
 */
public final class LoraAdapters implements AutoCloseable {
  private final LoraLayout layout;
  private final NDManager manager;
  private final NDList tensors;

  private LoraAdapters(LoraLayout layout, NDManager manager, NDList tensors) {
    this.layout = layout;
    this.manager = manager;
    this.tensors = tensors;
  }

  /**
   * Adapters that change nothing yet: A uniform within {@code 1 / sqrt(in)} (Kaiming's with a =
   * sqrt 5, as peft draws it), B zero. The same seed gives the same A on every machine.
   */
  public static LoraAdapters fresh(Qwen25VlConfig config, LoraSettings settings, NDManager parent) {
    LoraLayout layout = LoraLayout.of(config, settings);
    NDManager manager = parent.newSubManager();
    NDList tensors = new NDList();
    for (LoraLayout.Adapter adapter : layout.adapters()) {
      SplittableRandom random =
          new SplittableRandom(settings.seed() * 31 + adapter.nameOfA().hashCode());
      double bound = 1 / Math.sqrt(adapter.in());
      float[] a = new float[Math.toIntExact(adapter.rank() * adapter.in())];
      for (int i = 0; i < a.length; i++) {
        a[i] = (float) (bound * (2 * random.nextDouble() - 1));
      }
      tensors.add(NetworkWeights.aligned(a, new Shape(adapter.rank(), adapter.in()), manager));
      float[] b = new float[Math.toIntExact(adapter.out() * adapter.rank())];
      tensors.add(NetworkWeights.aligned(b, new Shape(adapter.out(), adapter.rank()), manager));
    }
    return new LoraAdapters(layout, manager, tensors);
  }

  /**
   * Reads the adapters that a directory in peft's layout holds.
   *
   * @throws CheckpointException if its configuration is of other adapters than the settings ask
   *     for, or a tensor is missing or of another shape
   */
  public static LoraAdapters load(
      Path directory, Qwen25VlConfig config, LoraSettings settings, NDManager parent) {
    LoraFiles.requireSame(directory, settings);
    LoraLayout layout = LoraLayout.of(config, settings);
    NDManager manager = parent.newSubManager();
    try (SafetensorsFile file = SafetensorsFile.open(directory.resolve(LoraFiles.WEIGHTS))) {
      NDList tensors = new NDList();
      List<long[]> shapes = layout.shapes();
      for (String name : layout.names()) {
        long[] shape = shapes.get(tensors.size());
        requireShape(file, name, shape);
        tensors.add(NetworkWeights.aligned(file.floats(name), new Shape(shape), manager));
      }
      return new LoraAdapters(layout, manager, tensors);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  private static void requireShape(SafetensorsFile file, String name, long[] shape) {
    long[] found = file.entry(name).shape();
    if (!Arrays.equals(found, shape)) {
      throw new CheckpointException(
          file.path()
              + ": tensor "
              + name
              + ": expected shape "
              + Arrays.toString(shape)
              + " beside the base, found "
              + Arrays.toString(found));
    }
  }

  public LoraLayout layout() {
    return layout;
  }

  /** A, B, A, B, ... in script order; owned by this object. */
  public NDList tensors() {
    return tensors;
  }

  /** A of an adapter, (rank, in). */
  NDArray a(int adapter) {
    return tensors.get(2 * adapter);
  }

  /** B of an adapter, (out, rank). */
  NDArray b(int adapter) {
    return tensors.get(2 * adapter + 1);
  }

  /** Names and values for a writer, exactly. */
  List<OutgoingTensor> outgoing() {
    return NetworkWeights.outgoing(layout.names(), tensors, DType.F32);
  }

  @Override
  public void close() {
    manager.close();
  }
}
