package krites.model.qwen25vl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.Conversion;
import krites.model.safetensors.DType;
import krites.model.safetensors.LoadProgress;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.torchscript.RawTensors;

/**
 * The weights of one network on one device, in the order of its {@link WeightLayout}.
 *
 * <p>Owns the tensors: closing it frees them, or unmaps the files that they lie in.
 */
public final class NetworkWeights implements SavedWeights, AutoCloseable {
  private final WeightLayout layout;
  private final NDManager manager;
  private final NDList tensors;

  private NetworkWeights(WeightLayout layout, NDManager manager, NDList tensors) {
    this.layout = layout;
    this.manager = manager;
    this.tensors = tensors;
  }

  /**
   * Reads the weights of a model directory in float32; see {@link #load(Path, Qwen25VlConfig,
   * Precision, NDManager)}.
   */
  public static NetworkWeights load(Path directory, Qwen25VlConfig config, NDManager parent) {
    return load(directory, config, Precision.F32, parent);
  }

  /**
   * Reads the weights of a model directory (F32, BF16 or F16, one file or shards).
   *
   * @param precision in which they lie on the device, whatever the files hold
   * @param parent decides the device and owns the result
   *     <p>The listener of {@link LoadProgress#during} hears of it.
   * @throws CheckpointException if {@link CheckpointCheck} finds fault; nothing stays allocated
   */
  public static NetworkWeights load(
      Path directory, Qwen25VlConfig config, Precision precision, NDManager parent) {
    return load(directory, config, name -> precision, parent);
  }

  /**
   * As above, where not all weights lie in the same type.
   *
   * @param precision of each weight by its published name
   */
  public static NetworkWeights load(
      Path directory,
      Qwen25VlConfig config,
      Function<String, Precision> precision,
      NDManager parent) {
    try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(directory)) {
      CheckpointCheck.require(checkpoint, config);
      return read(checkpoint, WeightLayout.of(config), precision, false, parent);
    }
  }

  /**
   * As {@link #load(Path, Qwen25VlConfig, Precision, NDManager)}, for weights that nobody changes:
   * where the files hold the wanted type, the tensors lie in the mapped files. Loading then costs
   * no memory of its own, and all who read the same files share one copy. The files must not be
   * changed meanwhile; they may be deleted. Writing to such a tensor would not reach them.
   */
  public static NetworkWeights map(
      Path directory, Qwen25VlConfig config, Precision precision, NDManager parent) {
    return map(directory, WeightLayout.of(config), StatedType.read(directory), precision, parent);
  }

  /**
   * As {@link #map(Path, Qwen25VlConfig, Precision, NDManager)}, of a directory without a
   * configuration.
   */
  public static NetworkWeights map(
      Path directory, WeightLayout layout, Precision precision, NDManager parent) {
    return map(directory, layout, Optional.empty(), precision, parent);
  }

  private static NetworkWeights map(
      Path directory,
      WeightLayout layout,
      Optional<DType> stated,
      Precision precision,
      NDManager parent) {
    try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(directory)) {
      CheckpointCheck.require(checkpoint, layout, stated);
      return read(checkpoint, layout, name -> precision, true, parent);
    }
  }

  /** Reads the weights of an open checkpoint; see {@link #load}. */
  public static NetworkWeights read(
      SafetensorsCheckpoint checkpoint,
      WeightLayout layout,
      Precision precision,
      NDManager parent) {
    CheckpointCheck.requireLayout(checkpoint, layout);
    return read(checkpoint, layout, name -> precision, false, parent);
  }

  private static NetworkWeights read(
      SafetensorsCheckpoint checkpoint,
      WeightLayout layout,
      Function<String, Precision> precision,
      boolean mapping,
      NDManager parent) {
    NDManager manager = parent.newSubManager();
    try {
      NDList tensors =
          new WeightReader(checkpoint, layout, precision, mapping, LoadProgress.current())
              .read(manager);
      return new NetworkWeights(layout, manager, tensors);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Fresh weights: normal with {@link WeightLayout#freshDeviation}, biases zero, norms one. The
   * same seed gives the same weights on every machine.
   */
  public static NetworkWeights random(Qwen25VlConfig config, long seed, NDManager parent) {
    WeightLayout layout = WeightLayout.of(config);
    NDManager manager = parent.newSubManager();
    NDList tensors = new NDList(layout.names().size());
    for (String name : layout.names()) {
      long[] shape = layout.shape(name);
      float[] values = new float[Math.toIntExact(layout.size(name))];
      if (shape.length == 1) {
        Arrays.fill(values, name.endsWith("bias") ? 0f : 1f);
      } else {
        SplittableRandom random = new SplittableRandom(seed * 31 + name.hashCode());
        double deviation = layout.freshDeviation(name);
        for (int i = 0; i < values.length; i++) {
          values[i] = (float) (deviation * random.nextGaussian());
        }
      }
      tensors.add(aligned(values, new Shape(shape), manager));
    }
    return new NetworkWeights(layout, manager, tensors);
  }

  /**
   * A tensor in PyTorch's own memory. A tensor made from Java's lies where Java put it, and the
   * matrix products of MKL depend in their last bits on the alignment of their arguments: a resumed
   * run would differ from one that was never stopped.
   */
  public static NDArray aligned(float[] values, Shape shape, NDManager owner) {
    try (NDArray borrowed = owner.create(values, shape)) {
      return borrowed.duplicate();
    }
  }

  /** A copy of its own. */
  public NetworkWeights copy(NDManager parent) {
    NDManager copies = parent.newSubManager();
    NDList list = new NDList(tensors.size());
    for (NDArray tensor : tensors) {
      NDArray copy = tensor.duplicate();
      copy.attach(copies);
      list.add(copy);
    }
    return new NetworkWeights(layout, copies, list);
  }

  /**
   * The same weights in one type: this object if they all have it, else one that holds rounded
   * copies and shares the tensors that have it.
   */
  public NetworkWeights in(Precision precision, NDManager parent) {
    if (tensors.stream().allMatch(tensor -> precisionOf(tensor) == precision)) {
      return this;
    }
    NDManager copies = parent.newSubManager();
    NDList list = new NDList(tensors.size());
    for (NDArray tensor : tensors) {
      list.add(RawTensors.cast(tensor, precision.scalarType(), copies));
    }
    return new NetworkWeights(layout, copies, list);
  }

  private static Precision precisionOf(NDArray tensor) {
    return tensor.getDataType() == DataType.FLOAT32 ? Precision.F32 : Precision.BF16;
  }

  /** The tensors in script order; owned by this object. */
  public NDList tensors() {
    return tensors;
  }

  public WeightLayout layout() {
    return layout;
  }

  @Override
  public List<OutgoingTensor> outgoing(DType dtype) {
    return outgoing(layout.names(), tensors, dtype);
  }

  /**
   * Writes a model directory laid out as another: its shards, names, order and types, so that
   * weights that nobody changed give the same bytes.
   *
   * @param directory exists and is empty
   * @param dtype of all weights; empty for the types of {@code like}
   */
  public void saveLike(
      Path directory, SafetensorsCheckpoint like, Optional<DType> dtype, LoadProgress progress)
      throws IOException {
    CheckpointLike.write(
        directory,
        (published, stored, type) ->
            outgoing(
                stored,
                tensors.get(layout.names().indexOf(published)),
                layout.shape(published),
                type),
        like,
        layout,
        dtype,
        progress);
  }

  /** Names and values of tensors for a writer; the values are fetched when they are written. */
  public static List<OutgoingTensor> outgoing(List<String> names, NDList tensors, DType dtype) {
    List<OutgoingTensor> list = new ArrayList<>(names.size());
    for (int i = 0; i < names.size(); i++) {
      NDArray tensor = tensors.get(i);
      long[] shape = tensor.getShape().getShape();
      list.add(outgoing(names.get(i), tensor, shape, dtype));
    }
    return list;
  }

  private static OutgoingTensor outgoing(String name, NDArray tensor, long[] shape, DType dtype) {
    DType held = precisionOf(tensor).file();
    if (!tensor.getDevice().equals(Device.cpu())) {
      return fetched(name, tensor, shape, dtype);
    }
    MemorySegment memory = RawTensors.memory(tensor, tensor.getShape().size() * held.bytes());
    return held == dtype
        ? OutgoingTensor.raw(name, dtype, shape, () -> memory)
        : OutgoingTensor.filled(
            name,
            dtype,
            shape,
            (from, target) -> {
              long count = target.byteSize() / dtype.bytes();
              Conversion.convert(
                  memory.asSlice(from * held.bytes(), count * held.bytes()), held, target, dtype);
            });
  }

  /** A tensor of another device, which comes over part by part. */
  static OutgoingTensor fetched(String name, NDArray tensor, long[] shape, DType dtype) {
    DType held = precisionOf(tensor).file();
    return OutgoingTensor.filled(
        name,
        dtype,
        shape,
        (from, target) -> {
          long count = target.byteSize() / dtype.bytes();
          try (NDManager there = tensor.getManager().newSubManager();
              NDManager here = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray part = RawTensors.moved(RawTensors.flatPart(tensor, from, count, there), here);
            Conversion.convert(RawTensors.memory(part, count * held.bytes()), held, target, dtype);
          }
        });
  }

  private static MemorySegment bytes(NDArray tensor) {
    ByteBuffer buffer = tensor.toByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    return MemorySegment.ofBuffer(buffer);
  }

  /** Digest-free equality of all values, for tests and load checks. */
  public boolean sameValues(NetworkWeights other) {
    for (int i = 0; i < tensors.size(); i++) {
      if (MemorySegment.mismatch(
              bytes(tensors.get(i)), 0, byteSize(i), bytes(other.tensors.get(i)), 0, byteSize(i))
          >= 0) {
        return false;
      }
    }
    return true;
  }

  private long byteSize(int index) {
    return tensors.get(index).getShape().size() * precisionOf(tensors.get(index)).bytes();
  }

  @Override
  public void close() {
    manager.close();
  }
}
