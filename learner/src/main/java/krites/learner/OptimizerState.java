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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsFile;
import krites.model.safetensors.SafetensorsWriter;
import krites.model.safetensors.TensorEntry;

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
  private final List<Part> parts;
  private final List<Moments> moments;
  private final NDList steps;

  /**
   * What is trained of a tensor: all of it, or a slice that begins at a whole block.
   *
   * @param shape of the whole tensor
   * @param start first value, flattened
   * @param count values
   */
  record Part(String name, Shape shape, long start, long count) {
    static Part whole(String name, Shape shape) {
      return new Part(name, shape, 0, shape.size());
    }

    boolean isWhole() {
      return count == shape.size();
    }
  }

  /** The moments of one tensor, or of a part of it. */
  sealed interface Moments {}

  /** Both in float32, in the tensor's shape; those of a part (n). */
  record Full(NDArray first, NDArray second) implements Moments {}

  /** Codes (n) of {@link MomentCodes} and scales (n / 256, rounded up). */
  record Quantized(NDArray first, NDArray firstScale, NDArray second, NDArray secondScale)
      implements Moments {}

  private OptimizerState(
      OptimizerSettings settings,
      NDManager home,
      List<Part> parts,
      List<Moments> moments,
      NDList steps) {
    this.settings = settings;
    this.home = home;
    this.parts = parts;
    this.moments = moments;
    this.steps = steps;
  }

  /**
   * Zero moments.
   *
   * @param parts what is trained; how their moments are kept is that of the whole tensors
   * @param device owner of what lies beside the tensors: all of it, but what is offloaded
   */
  static OptimizerState fresh(List<Part> parts, OptimizerSettings settings, NDManager device) {
    NDManager home =
        settings.offload() ? device.newSubManager(Device.cpu()) : device.newSubManager();
    List<Moments> moments = new ArrayList<>();
    NDList steps = new NDList();
    for (Part part : parts) {
      if (settings.kind().quantizes(part.shape().size())) {
        Shape codes = new Shape(part.count());
        Shape scales = new Shape(MomentCodes.blocks(part.count()));
        moments.add(
            new Quantized(
                home.zeros(codes, DataType.UINT8),
                home.zeros(scales),
                home.zeros(codes, DataType.UINT8),
                home.zeros(scales)));
      } else {
        Shape shape = part.isWhole() ? part.shape() : new Shape(part.count());
        moments.add(new Full(home.zeros(shape), home.zeros(shape)));
      }
      steps.add(device.zeros(new Shape()));
    }
    return new OptimizerState(settings, home, List.copyOf(parts), moments, steps);
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

  /** Writes everything exactly; only for whole tensors. */
  public void save(Path file) throws IOException {
    List<OutgoingTensor> tensors = new ArrayList<>();
    for (Stored one : stored()) {
      tensors.add(outgoing(one.name(), one.tensor()));
    }
    write(file, tensors, settings.kind());
  }

  /** Writes the file of a state of this kind. */
  static void write(Path file, List<OutgoingTensor> tensors, OptimizerKind kind)
      throws IOException {
    Map<String, String> metadata = new HashMap<>(SafetensorsWriter.PYTORCH);
    if (kind != OptimizerKind.ADAMW) {
      metadata.put(KIND, kind.key());
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
      stored().forEach(one -> read(stored, one));
    }
  }

  private static void read(SafetensorsFile stored, Stored one) {
    TensorEntry entry = stored.entry(one.name());
    NDArray tensor = one.tensor();
    long values = tensor.getShape().size();
    if (entry.elements() != one.whole()) {
      throw new CheckpointException(
          stored.path()
              + ": tensor "
              + one.name()
              + ": expected "
              + one.whole()
              + " values, found "
              + entry.elements());
    }
    if (tensor.getDataType() == DataType.UINT8) {
      ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact(values));
      bytes.put(stored.bytes(one.name()).asSlice(one.start(), values).asByteBuffer());
      tensor.set(bytes.flip());
    } else if (values == one.whole()) {
      tensor.set(stored.floats(one.name()));
    } else {
      int start = Math.toIntExact(one.start());
      tensor.set(
          Arrays.copyOfRange(stored.floats(one.name()), start, start + Math.toIntExact(values)));
    }
  }

  /** What a tensor of the file holds of a trained one. */
  enum Holds {
    MOMENT,
    CODES,
    SCALES,
    STEPS
  }

  /**
   * A tensor of the file.
   *
   * @param part place of what it belongs to
   * @param first whether it is of the first moment; true for steps
   */
  record Entry(int part, String name, boolean first, Holds holds) {}

  /** All tensors of the file of a state, in its order. */
  static List<Entry> entries(List<Part> parts, OptimizerKind kind) {
    List<Entry> all = new ArrayList<>();
    for (boolean first : new boolean[] {true, false}) {
      String moment = first ? "first" : "second";
      for (int i = 0; i < parts.size(); i++) {
        String name = parts.get(i).name();
        boolean codes = kind.quantizes(parts.get(i).shape().size());
        all.add(new Entry(i, moment + "." + name, first, codes ? Holds.CODES : Holds.MOMENT));
        if (codes) {
          all.add(new Entry(i, moment + "_scale." + name, first, Holds.SCALES));
        }
      }
    }
    for (int i = 0; i < parts.size(); i++) {
      all.add(new Entry(i, "step." + parts.get(i).name(), true, Holds.STEPS));
    }
    return all;
  }

  /**
   * What this state has of a tensor of the file.
   *
   * @param whole values in the file
   * @param start first value of {@code tensor} in it
   */
  record Stored(Entry entry, NDArray tensor, long whole, long start) {
    String name() {
      return entry.name();
    }
  }

  /** Everything under the names of the file, in its order. */
  List<Stored> stored() {
    return entries(parts, settings.kind()).stream().map(this::stored).toList();
  }

  private Stored stored(Entry entry) {
    Part part = parts.get(entry.part());
    long whole = part.shape().size();
    return switch (entry.holds()) {
      case MOMENT, CODES -> new Stored(entry, moment(entry), whole, part.start());
      case SCALES ->
          new Stored(
              entry, moment(entry), MomentCodes.blocks(whole), part.start() / MomentCodes.BLOCK);
      case STEPS -> new Stored(entry, steps.get(entry.part()), 1, 0);
    };
  }

  private NDArray moment(Entry entry) {
    return switch (moments.get(entry.part())) {
      case Full(NDArray m, NDArray v) -> entry.first() ? m : v;
      case Quantized(NDArray m, NDArray mScale, NDArray v, NDArray vScale) ->
          entry.holds() == Holds.SCALES
              ? (entry.first() ? mScale : vScale)
              : (entry.first() ? m : v);
    };
  }

  @Override
  public void close() {
    home.close();
  }
}
