package krites.learner;

import ai.djl.ndarray.NDArray;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import krites.grpo.port.MemberExchange;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;

/**
 * Puts together at the leading member what all of them own: float32 masters, or what the optimizer
 * remembers. All go through the same tensors in the same order, and each gives its slices.
 */
final class ShardGathering {
  private static final long MOST_BYTES =
      1 << 26; // of one buffer; a tensor may have more than 2 GiB

  private ShardGathering() {}

  /**
   * A tensor of which members have slices.
   *
   * @param pieces of it, first values first
   */
  record Target(String name, DType dtype, long[] shape, List<Piece> pieces) {
    long bytes() {
      return pieces.stream().mapToLong(Piece::bytes).sum();
    }
  }

  /** Bytes of a tensor that a member has. */
  record Piece(int member, long bytes) {}

  /** What the leading member gathers to write the file of the optimizer, in the file's order. */
  static List<Target> state(
      List<OptimizerState.Part> tensors, ParameterShards shards, OptimizerKind kind) {
    return OptimizerState.entries(tensors, kind).stream()
        .map(entry -> target(entry, tensors.get(entry.part()), shards))
        .toList();
  }

  private static Target target(
      OptimizerState.Entry entry, OptimizerState.Part tensor, ParameterShards shards) {
    int place = entry.part();
    return switch (entry.holds()) {
      case MOMENT ->
          new Target(
              entry.name(),
              DType.F32,
              tensor.shape().getShape(),
              pieces(shards, place, Float.BYTES));
      case CODES ->
          new Target(
              entry.name(),
              DType.U8,
              new long[] {tensor.shape().size()},
              pieces(shards, place, Byte.BYTES));
      case SCALES -> scales(entry.name(), shards, place);
      case STEPS ->
          new Target(
              entry.name(),
              DType.F32,
              new long[] {},
              List.of(new Piece(firstOwner(shards, place), Float.BYTES)));
    };
  }

  /** Who tells how many steps were made with a tensor. */
  private static int firstOwner(ParameterShards shards, int tensor) {
    return shards.owners(tensor).getFirst().member();
  }

  /** What it gathers of a trained tensor's master. */
  static Target master(String name, long[] shape, ParameterShards shards, int tensor) {
    return new Target(name, DType.F32, shape, pieces(shards, tensor, Float.BYTES));
  }

  private static List<Piece> pieces(ParameterShards shards, int tensor, int bytes) {
    return shards.owners(tensor).stream()
        .map(owned -> new Piece(owned.member(), owned.slice().count() * bytes))
        .toList();
  }

  private static Target scales(String name, ParameterShards shards, int tensor) {
    List<Piece> pieces =
        shards.owners(tensor).stream()
            .map(
                owned ->
                    new Piece(
                        owned.member(), Float.BYTES * MomentCodes.blocks(owned.slice().count())))
            .toList();
    long scales = pieces.stream().mapToLong(Piece::bytes).sum() / Float.BYTES;
    return new Target(name, DType.F32, new long[] {scales}, pieces);
  }

  /**
   * Receives the slices of all targets.
   *
   * @param own slices of the leading member, in the order of the targets
   * @param space gives memory for all of them, by bytes
   */
  static List<OutgoingTensor> gather(
      List<Target> targets,
      List<NDArray> own,
      MemberExchange exchange,
      LongFunction<MemorySegment> space) {
    MemorySegment all = space.apply(targets.stream().mapToLong(Target::bytes).sum());
    List<OutgoingTensor> gathered = new ArrayList<>();
    int next = 0;
    long at = 0;
    for (Target target : targets) {
      MemorySegment bytes = all.asSlice(at, target.bytes());
      at += target.bytes();
      long done = 0;
      for (Piece piece : target.pieces()) {
        MemorySegment slice = bytes.asSlice(done, piece.bytes());
        done += piece.bytes();
        if (piece.member() == exchange.rank()) {
          copy(own.get(next++), slice);
        } else {
          receive(piece.member(), slice, exchange);
        }
      }
      gathered.add(OutgoingTensor.raw(target.name(), target.dtype(), target.shape(), () -> bytes));
    }
    return gathered;
  }

  private static void copy(NDArray tensor, MemorySegment target) {
    long[] at = {0};
    HostParts.each(
        tensor,
        bytes -> {
          target.asSlice(at[0], bytes.byteSize()).copyFrom(bytes);
          at[0] += bytes.byteSize();
        });
  }

  private static void receive(int member, MemorySegment target, MemberExchange exchange) {
    for (long at = 0; at < target.byteSize(); at += MOST_BYTES) {
      long bytes = Math.min(MOST_BYTES, target.byteSize() - at);
      exchange.receive(member, target.asSlice(at, bytes).asByteBuffer());
    }
  }

  /** Gives the leading member the slices of this one. */
  static void give(List<NDArray> own, MemberExchange exchange) {
    for (NDArray tensor : own) {
      HostParts.each(tensor, bytes -> exchange.send(0, bytes.asByteBuffer()));
    }
  }

  /** What a member has for the file of the optimizer, in the file's order. */
  static List<NDArray> own(OptimizerState state, ParameterShards shards, int member) {
    List<ParameterShards.Slice> slices = shards.of(member);
    return state.stored().stream()
        .filter(
            one ->
                one.entry().holds() != OptimizerState.Holds.STEPS
                    || firstOwner(shards, slices.get(one.entry().part()).tensor()) == member)
        .map(OptimizerState.Stored::tensor)
        .toList();
  }
}
