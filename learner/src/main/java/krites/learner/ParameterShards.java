package krites.learner;

import java.util.ArrayList;
import java.util.List;

/**
 * Which member of a learner owns which of the trained values: all tensors stand in a row, and each
 * member has one range of it, as long as those of the others to within a block.
 *
 * <p>Within a tensor a range begins at a whole block of {@link MomentCodes#BLOCK} values, so that
 * blocks with a common scale stay together, and so do the vectors of a fused step.
 */
final class ParameterShards {
  private final List<Long> sizes;
  private final List<List<Slice>> slices;

  /**
   * A part of one tensor, flattened.
   *
   * @param tensor its place among the trained ones
   * @param start first value
   * @param count values, at least one
   */
  record Slice(int tensor, long start, long count) {}

  /** A slice and the member that owns it. */
  record Owned(int member, Slice slice) {}

  private ParameterShards(List<Long> sizes, List<List<Slice>> slices) {
    this.sizes = sizes;
    this.slices = slices;
  }

  /**
   * Shares tensors out.
   *
   * @param sizes values of each, at least one
   * @param members at least one
   */
  static ParameterShards of(List<Long> sizes, int members) {
    long all = sizes.stream().mapToLong(Long::longValue).sum();
    List<List<Slice>> slices = new ArrayList<>();
    for (int member = 0; member < members; member++) {
      slices.add(
          between(
              border(sizes, all, member, members), border(sizes, all, member + 1, members), sizes));
    }
    return new ParameterShards(List.copyOf(sizes), List.copyOf(slices));
  }

  /** Where the range of a member begins in the row of all values. */
  private static long border(List<Long> sizes, long all, int member, int members) {
    long wanted = all / members * member + all % members * member / members;
    long begin = 0;
    for (long size : sizes) {
      if (wanted < begin + size) {
        long within = wanted - begin;
        long blocks = (within + MomentCodes.BLOCK / 2) / MomentCodes.BLOCK;
        return begin + Math.min(size, blocks * MomentCodes.BLOCK);
      }
      begin += size;
    }
    return begin;
  }

  private static List<Slice> between(long from, long until, List<Long> sizes) {
    List<Slice> own = new ArrayList<>();
    long begin = 0;
    for (int tensor = 0; tensor < sizes.size(); tensor++) {
      long end = begin + sizes.get(tensor);
      long first = Math.max(from, begin);
      long last = Math.min(until, end);
      if (first < last) {
        own.add(new Slice(tensor, first - begin, last - first));
      }
      begin = end;
    }
    return List.copyOf(own);
  }

  int members() {
    return slices.size();
  }

  /** Values of each tensor. */
  List<Long> sizes() {
    return sizes;
  }

  /** What a member owns, at most one slice of each tensor, in the order of the tensors. */
  List<Slice> of(int member) {
    return slices.get(member);
  }

  /** Who owns a tensor, first values first. */
  List<Owned> owners(int tensor) {
    List<Owned> owners = new ArrayList<>();
    for (int member = 0; member < members(); member++) {
      for (Slice slice : of(member)) {
        if (slice.tensor() == tensor) {
          owners.add(new Owned(member, slice));
        }
      }
    }
    return owners;
  }

  /**
   * The slices of some tensors cut into parts, in the order in which they travel: the first part of
   * each member, the second of each, so that all members receive at once.
   *
   * @param wanted tensors that take part, by place
   * @param most values of a part
   */
  List<Owned> parts(boolean[] wanted, int most) {
    List<List<Slice>> cut = new ArrayList<>();
    for (List<Slice> own : slices) {
      List<Slice> parts = new ArrayList<>();
      for (Slice slice : own) {
        for (long at = 0; wanted[slice.tensor()] && at < slice.count(); at += most) {
          parts.add(
              new Slice(slice.tensor(), slice.start() + at, Math.min(most, slice.count() - at)));
        }
      }
      cut.add(parts);
    }
    int rounds = cut.stream().mapToInt(List::size).max().orElse(0);
    List<Owned> order = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      for (int member = 0; member < cut.size(); member++) {
        if (round < cut.get(member).size()) {
          order.add(new Owned(member, cut.get(member).get(round)));
        }
      }
    }
    return order;
  }
}
