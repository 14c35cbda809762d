package krites.simulator;

/**
 * One strand of work in a simulation, which does one thing at a time: an actor, or a task that an
 * actor handed to a thread pool.
 */
final class Lane {
  private final String name;
  private final Node node;
  private final long seed;
  private final long life;
  private long busyUntil;
  private long runs;
  private long draws;

  /**
   * @param name unique in a simulation and the same in each repetition
   * @param node where it runs
   */
  Lane(String name, Node node, long simulationSeed) {
    this.name = name;
    this.node = node;
    this.seed = Draws.seed(simulationSeed, name);
    this.life = node.lives();
  }

  String name() {
    return name;
  }

  Node node() {
    return node;
  }

  /**
   * The moment itself, or when its node goes on. What ran when the node died is gone and waits for
   * nothing: all that is left of it is that others hear of its end.
   */
  long awakeAt(long atNanos) {
    return life == node.lives() ? node.awakeAt(atNanos) : atNanos;
  }

  /** When the work under way ends; in the past when there is none. */
  long busyUntil() {
    return busyUntil;
  }

  void busyUntil(long nanos) {
    busyUntil = nanos;
  }

  /** A random rank among all that could run at the same moment. */
  long nextRank() {
    return Draws.seed(seed, runs++);
  }

  /** A seed for the next thing that is left to chance in this strand. */
  long nextDraw() {
    return Draws.seed(~seed, draws++);
  }

  @Override
  public String toString() {
    return name;
  }
}
