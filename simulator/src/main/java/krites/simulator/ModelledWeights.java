package krites.simulator;

import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightUpdate;
import krites.grpo.port.WeightVerifier;

/**
 * The store of published weights: names without content. It refuses what a real one would: weights
 * that were never written or are gone, and a worker that takes over what nobody verified.
 */
final class ModelledWeights implements WeightVerifier {
  private final Machine machine;
  private final double verifySeconds;
  private final Map<String, PolicyVersion> stored = new HashMap<>();
  private final Set<String> verified = new HashSet<>();

  ModelledWeights(Machine machine, double verifySeconds) {
    this.machine = machine;
    this.verifySeconds = verifySeconds;
  }

  WeightUpdate write(PolicyVersion version) {
    String location = "weights-" + version.term() + "-" + version.number();
    stored.put(location, version);
    verified.remove(location);
    return new WeightUpdate(version, location, location);
  }

  /**
   * @throws UncheckedIOException if the weights are gone
   * @throws IllegalStateException if nobody has verified them
   */
  void requireVerified(WeightUpdate update) {
    requireThere(update);
    if (!verified.contains(update.location())) {
      throw new IllegalStateException(update.version() + " was announced before it was verified");
    }
  }

  @Override
  public void verify(WeightUpdate update) {
    machine.work(verifySeconds);
    requireThere(update);
    verified.add(update.location());
  }

  @Override
  public void retire(WeightUpdate update) {
    stored.remove(update.location());
    verified.remove(update.location());
  }

  /** The process was killed; the next one begins with an empty store. */
  void clear() {
    stored.clear();
    verified.clear();
  }

  private void requireThere(WeightUpdate update) {
    if (!update.version().equals(stored.get(update.location()))) {
      throw new UncheckedIOException(new NoSuchFileException(update.location()));
    }
  }
}
