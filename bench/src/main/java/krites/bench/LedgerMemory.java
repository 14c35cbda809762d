package krites.bench;

import java.lang.ref.Reference;
import krites.grpo.flow.RunLedger;

/**
 * Prints what a group in flight costs in heap: the difference between a full ledger and none after
 * a collection, by the number of groups. The identifiers and the ticket of a group are in it, its
 * prompt and its responses are not: the ledger does not hold them.
 */
final class LedgerMemory {
  private static final int COLLECTIONS = 5; // the first ones still find garbage of the start

  private LedgerMemory() {}

  public static void main(String[] arguments) throws InterruptedException {
    LedgerLoad.ready(); // what is loaded and compiled once is no part of a group
    long before = used();
    RunLedger sampling = LedgerLoad.sampling().ledger();
    long whileSampled = used() - before;
    Reference.reachabilityFence(sampling);

    long between = used();
    RunLedger ready = LedgerLoad.ready().ledger();
    long whileReady = used() - between;
    Reference.reachabilityFence(ready);

    System.out.printf(
        "ledger with %,d groups in flight: %d bytes per group at a worker, %d per group ready%n",
        LedgerLoad.IN_FLIGHT,
        whileSampled / LedgerLoad.IN_FLIGHT,
        whileReady / LedgerLoad.IN_FLIGHT);
  }

  private static long used() throws InterruptedException {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
      Thread.sleep(100);
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
