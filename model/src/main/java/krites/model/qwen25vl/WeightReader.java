package krites.model.qwen25vl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.Conversion;
import krites.model.safetensors.DType;
import krites.model.safetensors.LoadProgress;
import krites.model.safetensors.Pieces;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsFile;
import krites.model.safetensors.TensorEntry;
import krites.model.torchscript.MemoryAdvice;
import krites.model.torchscript.RawTensors;

/**
 * Makes tensors of the files of a checkpoint, piece by piece, with no second copy of the model.
 *
 * <p>Either in the mapped files themselves: nothing is copied, and all who map the same files share
 * the system's one copy of them. Or each tensor lies in PyTorch's own memory and is read into it
 * directly, or through a buffer of one piece where the type changes. A tensor made from Java's
 * memory would lie where Java put it, and the matrix products of MKL depend in their last bits on
 * the alignment of their arguments: a resumed run would differ from one that was never stopped.
 */
final class WeightReader {
  /** Of the target: large enough for one system call to pay, small enough to share the work. */
  private static final long PIECE_BYTES = 8L << 20;

  /** Another device is served from the CPU's memory; so much of it is taken at a time. */
  private static final long STAGE_BYTES = 1L << 30;

  private final SafetensorsCheckpoint checkpoint;
  private final WeightLayout layout;
  private final Function<String, Precision> precision;
  private final LoadProgress progress;
  private final boolean mapping;
  private final AtomicLong done = new AtomicLong();
  private final long total;

  /**
   * @param mapping whether tensors whose type is the file's may lie in the mapped files
   */
  WeightReader(
      SafetensorsCheckpoint checkpoint,
      WeightLayout layout,
      Function<String, Precision> precision,
      boolean mapping,
      LoadProgress progress) {
    this.mapping = mapping;
    this.checkpoint = checkpoint;
    this.layout = layout;
    this.precision = precision;
    this.progress = progress;
    this.total = layout.names().stream().mapToLong(name -> entry(name).byteSize()).sum();
  }

  /**
   * A part of a tensor in its file, and where it goes.
   *
   * @param inPlace whether the target is the mapped file
   */
  private record Piece(
      TensorEntry entry, long from, MemorySegment target, Precision precision, boolean inPlace) {}

  /**
   * Reads all weights.
   *
   * @param owner of the tensors, and decides the device
   */
  NDList read(NDManager owner) {
    try {
      return owner.getDevice().equals(Device.cpu())
          ? readHere(layout.names(), owner)
          : stage(owner);
    } catch (IOException e) {
      throw new CheckpointException(
          checkpoint.directory() + ": cannot read the weights: " + e.getMessage(), e);
    }
  }

  private NDList readHere(List<String> names, NDManager owner) throws IOException {
    NDList tensors = new NDList(names.size());
    List<Piece> pieces = new ArrayList<>();
    Map<MappedFile, NDArray> files = new HashMap<>();
    for (String name : names) {
      TensorEntry entry = entry(name);
      Precision type = precision.apply(name);
      boolean inPlace = mapping && canLieInFile(entry, type);
      NDArray tensor =
          inPlace
              ? RawTensors.part(
                  flat(files, checkpoint.fileOf(entry.name()), type, owner),
                  checkpoint.fileOf(entry.name()).position(entry) / type.bytes(),
                  layout.shape(name),
                  owner)
              : RawTensors.empty(layout.shape(name), type.scalarType(), owner);
      tensors.add(tensor);
      MemorySegment memory = RawTensors.memory(tensor, layout.size(name) * type.bytes());
      if (inPlace) {
        MemoryAdvice.willNeed(memory);
      } else {
        MemoryAdvice.hugePages(memory);
      }
      for (long from = 0; from < memory.byteSize(); from += PIECE_BYTES) {
        long bytes = Math.min(PIECE_BYTES, memory.byteSize() - from);
        pieces.add(
            new Piece(entry, from / type.bytes(), memory.asSlice(from, bytes), type, inPlace));
      }
    }
    List<Piece> inFileOrder = inFileOrder(pieces);
    Pieces.run(pieces.size(), scratchBytes(), (i, scratch) -> fill(inFileOrder.get(i), scratch));
    return tensors;
  }

  /** Files of other writers may put a tensor on an odd byte. */
  private boolean canLieInFile(TensorEntry entry, Precision type) {
    return entry.dtype() == type.file()
        && checkpoint.fileOf(entry.name()).position(entry) % type.bytes() == 0;
  }

  /** A file as one flat tensor of a type. */
  private record MappedFile(Path path, Precision type) {}

  private static NDArray flat(
      Map<MappedFile, NDArray> files, SafetensorsFile file, Precision type, NDManager owner) {
    return files.computeIfAbsent(
        new MappedFile(file.path(), type),
        mapped ->
            RawTensors.ofFile(
                mapped.path(), file.fileBytes() / type.bytes(), type.scalarType(), owner));
  }

  private List<Piece> inFileOrder(List<Piece> pieces) {
    List<String> order = List.copyOf(checkpoint.names());
    Map<String, Integer> place = new HashMap<>();
    order.forEach(name -> place.put(name, place.size()));
    return pieces.stream()
        .sorted(
            Comparator.<Piece>comparingInt(piece -> place.get(piece.entry().name()))
                .thenComparingLong(Piece::from))
        .toList();
  }

  private void fill(Piece piece, MemorySegment scratch) throws IOException {
    TensorEntry entry = piece.entry();
    DType from = entry.dtype();
    Precision to = piece.precision();
    long bytes = piece.target().byteSize() / to.bytes() * from.bytes();
    if (piece.inPlace()) {
      MemoryAdvice.bringIn(piece.target());
    } else if (from == to.file()) {
      checkpoint.read(entry, piece.from() * from.bytes(), piece.target());
    } else {
      MemorySegment stored = scratch.asSlice(0, bytes);
      checkpoint.read(entry, piece.from() * from.bytes(), stored);
      Conversion.convert(stored, from, piece.target(), to.file());
    }
    progress.reached(done.addAndGet(bytes), total);
  }

  /** For a piece in the widest type that files have. */
  private long scratchBytes() {
    return layout.names().stream()
        .filter(name -> entry(name).dtype() != precision.apply(name).file())
        .mapToLong(name -> PIECE_BYTES / precision.apply(name).bytes() * DType.F32.bytes())
        .max()
        .orElse(Long.BYTES);
  }

  private NDList stage(NDManager owner) throws IOException {
    NDList moved = new NDList(layout.names().size());
    List<String> stage = new ArrayList<>();
    long bytes = 0;
    for (String name : layout.names()) {
      stage.add(name);
      bytes += layout.size(name) * precision.apply(name).bytes();
      if (bytes >= STAGE_BYTES || moved.size() + stage.size() == layout.names().size()) {
        try (NDManager here = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
          readHere(stage, here).forEach(tensor -> moved.add(RawTensors.moved(tensor, owner)));
        }
        stage.clear();
        bytes = 0;
      }
    }
    return moved;
  }

  private TensorEntry entry(String name) {
    return StoredNames.find(checkpoint, name).orElseThrow();
  }
}
