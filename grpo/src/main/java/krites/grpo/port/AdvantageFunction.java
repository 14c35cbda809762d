package krites.grpo.port;

/** Turns the rewards of one group into advantages. Pure. */
public interface AdvantageFunction {
  /** One advantage per reward, in the same order. */
  double[] advantages(double[] rewards);
}
