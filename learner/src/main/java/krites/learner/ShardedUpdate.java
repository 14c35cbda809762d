package krites.learner;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import krites.grpo.port.MemberExchange;
import krites.model.torchscript.RawTensors;
import krites.model.torchscript.ScriptModule;

/**
 * One optimizer step that the members of a learner make together: each gets the sum of all
 * gradients for its shard, all form the norm of the whole gradient, each makes AdamW's step of its
 * shard, and all get the new weights of all shards.
 *
 * <p>Gradients are added in the order of the members, whoever adds, so that a run replays. Members
 * call {@link #make} with the same arguments but for their own gradients.
 */
final class ShardedUpdate {
  private final MemberExchange exchange;
  private final ParameterShards shards;
  private final NDList computing;
  private final NDList masters;
  private final Optimizer optimizer;
  private final ScriptModule script;
  private final NDManager manager;

  /**
   * @param computing all trained tensors, as the network takes them
   * @param masters this member's slices in float32, flat; views of {@code computing} where that is
   *     float32
   * @param optimizer of the slices
   */
  ShardedUpdate(
      MemberExchange exchange,
      ParameterShards shards,
      NDList computing,
      NDList masters,
      Optimizer optimizer,
      ScriptModule script,
      NDManager manager) {
    this.exchange = exchange;
    this.shards = shards;
    this.computing = computing;
    this.masters = masters;
    this.optimizer = optimizer;
    this.script = script;
    this.manager = manager;
  }

  /**
   * Makes the step, or changes nothing if the norm is not finite.
   *
   * @param gradients of this member, for all trained tensors; changed
   * @param present whether a member has a gradient of a tensor, by member and tensor
   */
  TrainingCore.Update make(
      NDList gradients, boolean[][] present, double rate, AdamWSettings settings) {
    boolean[] wanted = anyOf(present);
    List<ParameterShards.Owned> parts = shards.parts(wanted, HostParts.VALUES);
    if (parts.isEmpty()) {
      throw new IllegalStateException("no gradients to make a step with");
    }
    try (NDManager scope = manager.newSubManager()) {
      List<Integer> places = new ArrayList<>();
      NDList sums = new NDList();
      NDList own = new NDList();
      List<ParameterShards.Slice> mine = shards.of(exchange.rank());
      NDList slices = new NDList(); // the sum for each slice; an empty tensor where there is none
      for (int place = 0; place < mine.size(); place++) {
        ParameterShards.Slice slice = mine.get(place);
        if (!wanted[slice.tensor()]) {
          slices.add(scope.zeros(new Shape(0)));
          continue;
        }
        NDArray sum =
            present[exchange.rank()][slice.tensor()]
                ? RawTensors.flatPart(
                    gradients.get(slice.tensor()), slice.start(), slice.count(), scope)
                : scope.zeros(new Shape(slice.count()));
        slices.add(sum);
        sums.add(sum);
        places.add(place);
        own.add(masters.get(place));
      }
      sum(gradients, slices, parts, present, scope);
      double norm = Math.sqrt(total(optimizer.squares(sums)));
      boolean finite = Double.isFinite(norm);
      if (finite) {
        optimizer.scaledStep(places, own, sums, factor(norm, settings), rate, settings);
        spread(places, parts, scope);
      }
      return new TrainingCore.Update(norm, finite);
    }
  }

  /** {@code torch.nn.utils.clip_grad_norm_}. */
  private static double factor(double norm, AdamWSettings settings) {
    return settings.maxNorm() > 0 ? Math.min(1, settings.maxNorm() / (norm + 1e-6)) : 1;
  }

  private static boolean[] anyOf(boolean[][] present) {
    boolean[] any = new boolean[present[0].length];
    for (boolean[] one : present) {
      for (int tensor = 0; tensor < any.length; tensor++) {
        any[tensor] |= one[tensor];
      }
    }
    return any;
  }

  // --- gradients to their owners
  // ---------------------------------------------------------------------------------------------

  private void sum(
      NDList gradients,
      NDList slices,
      List<ParameterShards.Owned> parts,
      boolean[][] present,
      NDManager scope) {
    int me = exchange.rank();
    List<ParameterShards.Slice> mine = shards.of(me);
    NDManager host = scope.newSubManager(Device.cpu());
    NDArray arrived = RawTensors.empty(new long[] {HostParts.VALUES}, RawTensors.FLOAT32, host);
    NDArray before = RawTensors.empty(new long[] {HostParts.VALUES}, RawTensors.FLOAT32, scope);
    for (ParameterShards.Owned part : parts) {
      ParameterShards.Slice slice = part.slice();
      if (part.member() != me) {
        if (present[me][slice.tensor()]) {
          HostParts.each(
              gradients.get(slice.tensor()),
              slice.start(),
              slice.count(),
              bytes -> exchange.send(part.member(), bytes.asByteBuffer()));
        }
        continue;
      }
      int place = place(mine, slice.tensor());
      try (NDManager own = scope.newSubManager()) {
        NDArray sum =
            RawTensors.flatPart(
                slices.get(place), slice.start() - mine.get(place).start(), slice.count(), own);
        addAll(sum, slice, present, arrived, before, own);
      }
    }
  }

  /** The members before this one are added up first, then this one, then those behind it. */
  private void addAll(
      NDArray sum,
      ParameterShards.Slice slice,
      boolean[][] present,
      NDArray arrived,
      NDArray before,
      NDManager scope) {
    int me = exchange.rank();
    NDArray other = RawTensors.flatPart(arrived, 0, slice.count(), scope);
    NDArray earlier = RawTensors.flatPart(before, 0, slice.count(), scope);
    ByteBuffer bytes = RawTensors.memory(other).asByteBuffer();
    boolean any = false;
    for (int member = 0; member < exchange.members(); member++) {
      if (member == me) {
        if (any) {
          script.call(scope, "add_part", sum, earlier);
        }
      } else if (present[member][slice.tensor()]) {
        exchange.receive(member, bytes.clear());
        if (member > me) {
          script.call(scope, "add_part", sum, other);
        } else {
          script.call(scope, any ? "add_part" : "set_part", earlier, other);
          any = true;
        }
      }
    }
  }

  private static int place(List<ParameterShards.Slice> slices, int tensor) {
    for (int place = 0; place < slices.size(); place++) {
      if (slices.get(place).tensor() == tensor) {
        return place;
      }
    }
    throw new IllegalArgumentException("tensor " + tensor + " has no slice here");
  }

  /** The sum of what each member has, in their order. */
  private double total(double own) {
    double sum = 0;
    ByteBuffer number = ByteBuffer.allocate(Double.BYTES).order(ByteOrder.BIG_ENDIAN);
    for (int member = 0; member < exchange.members(); member++) {
      if (member != exchange.rank()) {
        exchange.send(member, number.clear().putDouble(own).flip());
      }
    }
    for (int member = 0; member < exchange.members(); member++) {
      if (member == exchange.rank()) {
        sum += own;
      } else {
        exchange.receive(member, number.clear());
        sum += number.flip().getDouble();
      }
    }
    return sum;
  }

  // --- weights to everybody
  // ----------------------------------------------------------------------------------------------

  private void spread(List<Integer> places, List<ParameterShards.Owned> parts, NDManager scope) {
    int me = exchange.rank();
    round(places, scope);
    NDManager host = scope.newSubManager(Device.cpu());
    for (ParameterShards.Owned part : parts) {
      ParameterShards.Slice slice = part.slice();
      NDArray whole = computing.get(slice.tensor());
      if (part.member() == me) {
        HostParts.each(
            whole,
            slice.start(),
            slice.count(),
            bytes -> {
              for (int member = 0; member < exchange.members(); member++) {
                if (member != me) {
                  exchange.send(member, bytes.asByteBuffer());
                }
              }
            });
        continue;
      }
      try (NDManager own = scope.newSubManager();
          NDManager staging = host.newSubManager()) {
        NDArray target = RawTensors.flatPart(whole, slice.start(), slice.count(), own);
        int size = HostParts.elementBytes(whole);
        int type = size == Float.BYTES ? RawTensors.FLOAT32 : RawTensors.BFLOAT16;
        NDArray arrived = RawTensors.empty(new long[] {slice.count()}, type, staging);
        exchange.receive(
            part.member(), RawTensors.memory(arrived, slice.count() * size).asByteBuffer());
        script.call(own, "set_part", target, arrived);
      }
    }
  }

  /** Rounds the new masters to the type that the network computes in, where that is another. */
  private void round(List<Integer> places, NDManager scope) {
    List<ParameterShards.Slice> mine = shards.of(exchange.rank());
    for (int place : places) {
      ParameterShards.Slice slice = mine.get(place);
      NDArray whole = computing.get(slice.tensor());
      if (HostParts.elementBytes(whole) != Float.BYTES) {
        NDArray target = RawTensors.flatPart(whole, slice.start(), slice.count(), scope);
        script.call(scope, "set_part", target, masters.get(place));
      }
    }
  }
}
