package krites.learner;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsFile;
import krites.model.safetensors.SafetensorsWriter;

/**
 * AdamW's memory: first and second moments and the step count of each trained tensor.
 *
 * <p>On disk: one safetensors file with {@code first.NAME}, {@code second.NAME} and {@code
 * step.NAME}; moments of 8 bits are {@code U8} with their scales in {@code first_scale.NAME} and
 * {@code second_scale.NAME}, and the header says which kind it is. A state is exact: what is loaded
 * goes on as what was saved. One of another kind is refused, since it could not.
 */
public final class OptimizerState implements AutoCloseable {
  private static final String KIND = "krites.optimizer";

  private final OptimizerSettings settings;
  private final NDManager home;
  private final List<String> names;
  private final List<Moments> moments;
  private final NDList steps;

  /** The moments of one tensor. */
  sealed interface Moments {}

  /** Both in float32, in the tensor's shape. */
  record Full(NDArray first, NDArray second) implements Moments {}

  /** Codes (n) of {@link MomentCodes} and scales (n / 256, rounded up). */
  record Quantized(NDArray first, NDArray firstScale, NDArray second, NDArray secondScale)
      implements Moments {}

  private OptimizerState(
      OptimizerSettings settings,
      NDManager home,
      List<String> names,
      List<Moments> moments,
      NDList steps) {
    this.settings = settings;
    this.home = home;
    this.names = names;
    this.moments = moments;
    this.steps = steps;
  }

  /**
   * Zero moments.
   *
   * @param names of the trained tensors
   * @param tensors what is trained
   * @param device owner of what lies beside the tensors: all of it, but what is offloaded
   */
  static OptimizerState fresh(
      List<String> names, NDList tensors, OptimizerSettings settings, NDManager device) {
    NDManager home =
        settings.offload() ? device.newSubManager(Device.cpu()) : device.newSubManager();
    List<Moments> moments = new ArrayList<>();
    NDList steps = new NDList();
    for (NDArray tensor : tensors) {
      Shape shape = tensor.getShape();
      if (settings.kind().quantizes(shape.size())) {
        Shape codes = new Shape(shape.size());
        Shape scales = new Shape((shape.size() + MomentCodes.BLOCK - 1) / MomentCodes.BLOCK);
        moments.add(
            new Quantized(
                home.zeros(codes, DataType.UINT8),
                home.zeros(scales),
                home.zeros(codes, DataType.UINT8),
                home.zeros(scales)));
      } else {
        moments.add(new Full(home.zeros(shape), home.zeros(shape)));
      }
      steps.add(device.zeros(new Shape()));
    }
    return new OptimizerState(settings, home, List.copyOf(names), moments, steps);
  }

  OptimizerSettings settings() {
    return settings;
  }

  /** Moments of the trained tensor at a place. */
  Moments moments(int place) {
    return moments.get(place);
  }

  /** Steps made with the trained tensor at a place: a scalar on its device. */
  NDArray steps(int place) {
    return steps.get(place);
  }

  /** Bytes of all moments, scales included. */
  long bytes() {
    return moments.stream().mapToLong(OptimizerState::bytes).sum();
  }

  private static long bytes(Moments moments) {
    return switch (moments) {
      case Full(NDArray first, NDArray second) ->
          Float.BYTES * (first.getShape().size() + second.getShape().size());
      case Quantized(NDArray first, NDArray firstScale, NDArray second, NDArray secondScale) ->
          first.getShape().size()
              + second.getShape().size()
              + Float.BYTES * (firstScale.getShape().size() + secondScale.getShape().size());
    };
  }

  /** Writes everything exactly. */
  public void save(Path file) throws IOException {
    List<OutgoingTensor> tensors = new ArrayList<>();
    stored("first").forEach((name, tensor) -> tensors.add(outgoing(name, tensor)));
    stored("second").forEach((name, tensor) -> tensors.add(outgoing(name, tensor)));
    stored("step").forEach((name, tensor) -> tensors.add(outgoing(name, tensor)));
    Map<String, String> metadata = new HashMap<>(SafetensorsWriter.PYTORCH);
    if (settings.kind() != OptimizerKind.ADAMW) {
      metadata.put(KIND, settings.kind().key());
    }
    SafetensorsWriter.write(file, tensors, metadata);
  }

  private static OutgoingTensor outgoing(String name, NDArray tensor) {
    if (tensor.getDataType() == DataType.UINT8) {
      return OutgoingTensor.raw(
          name,
          DType.U8,
          tensor.getShape().getShape(),
          () -> MemorySegment.ofBuffer(tensor.toByteBuffer()));
    }
    return NetworkWeights.outgoing(List.of(name), new NDList(tensor), DType.F32).getFirst();
  }

  /**
   * Reads what {@link #save} wrote into this state.
   *
   * @throws CheckpointException if it is of another kind, or a tensor is missing or of another size
   */
  public void load(Path file) {
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      String kind = stored.metadata().getOrDefault(KIND, OptimizerKind.ADAMW.key());
      if (!kind.equals(settings.kind().key())) {
        throw new CheckpointException(
            file
                + ": expected the state of learner.optimizer = "
                + settings.kind().key()
                + ", found that of "
                + kind);
      }
      for (String part : List.of("first", "second", "step")) {
        stored(part).forEach((name, tensor) -> read(stored, name, tensor));
      }
    }
  }

  private static void read(SafetensorsFile stored, String name, NDArray tensor) {
    long values = stored.entry(name).elements();
    if (values != tensor.getShape().size()) {
      throw new CheckpointException(
          stored.path()
              + ": tensor "
              + name
              + ": expected "
              + tensor.getShape().size()
              + " values, found "
              + values);
    }
    if (tensor.getDataType() == DataType.UINT8) {
      ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact(values));
      bytes.put(stored.bytes(name).asByteBuffer());
      tensor.set(bytes.flip());
    } else {
      tensor.set(stored.floats(name));
    }
  }

  /** One of {@code first}, {@code second} and {@code step} under the names of the file. */
  private Map<String, NDArray> stored(String part) {
    Map<String, NDArray> named = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      if (part.equals("step")) {
        named.put("step." + name, steps.get(i));
        continue;
      }
      boolean isFirst = part.equals("first");
      switch (moments.get(i)) {
        case Full(NDArray first, NDArray second) ->
            named.put(part + "." + name, isFirst ? first : second);
        case Quantized(NDArray first, NDArray firstScale, NDArray second, NDArray secondScale) -> {
          named.put(part + "." + name, isFirst ? first : second);
          named.put(part + "_scale." + name, isFirst ? firstScale : secondScale);
        }
      }
    }
    return named;
  }

  @Override
  public void close() {
    home.close();
  }
}
