package krites.learner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import krites.grpo.objective.CispoObjective;
import krites.grpo.objective.ClippedObjective;
import krites.grpo.objective.Correction;
import krites.grpo.objective.DecoupledObjective;
import krites.grpo.objective.LogRatioGuard;
import krites.grpo.objective.RatioLevel;
import krites.grpo.objective.SapoObjective;

/**
 * The policy objective as TorchScript methods that know log-probabilities and no network, with the
 * way its settings are passed.
 *
 * <p>It is the tensor form of {@link DecoupledObjective}, which is the oracle of its tests. M
 * tokens lie flat, response after response.
 */
final class ObjectiveScript {
  /** Stands for no bound where an infinite one would meet an advantage of 0. */
  private static final double NO_BOUND = 1e30;

  private ObjectiveScript() {}

  /** The arguments of {@code objective} after the log-probabilities and the entropy. */
  static Object[] arguments(DecoupledObjective objective, PolicyTargets targets, NDManager scope) {
    int responses = targets.lengths().size();
    return new Object[] {columns(targets, scope), responses, choice(objective), numbers(objective)};
  }

  /** One tensor per column, in the order in which {@code objective} reads them. */
  private static NDList columns(PolicyTargets targets, NDManager scope) {
    NDArray none = scope.zeros(new Shape(0));
    return new NDList(
        scope.create(targets.advantages()),
        scope.create(targets.behaviour()),
        scope.create(targets.staleness()),
        targets.old().length == 0 ? none : scope.create(targets.old()),
        targets.reference().length == 0 ? none : scope.create(targets.reference()),
        scope.create(targets.weights()),
        scope.create(targets.responseOfToken()));
  }

  /** Which branch of each {@code if} the text takes, in the order of its list {@code choice}. */
  private static long[] choice(DecoupledObjective objective) {
    return new long[] {
      switch (objective.policy()) {
        case ClippedObjective _ -> 0;
        case CispoObjective _ -> 1;
        case SapoObjective _ -> 2;
      },
      switch (objective.policy().level()) {
        case TOKEN -> 0;
        case SEQUENCE -> 1;
        case SEQUENCE_VALUE_TOKEN_GRADIENT -> 2;
      },
      switch (objective.proximal()) {
        case RECOMPUTED -> 0;
        case APPROXIMATED -> 1;
        case BEHAVIOUR -> 2;
      },
      switch (objective.correction()) {
        case Correction.None _ -> 0;
        case Correction.TruncatedToken _ -> 1;
        case Correction.TruncatedSequence _ -> 2;
        case Correction.MaskedSequence _ -> 3;
        case Correction.MaskedGeometric _ -> 4;
        case Correction.IcePop _ -> 5;
      },
      switch (objective.corrected()) {
        case STALE -> 0;
        case ALL -> 1;
      },
      switch (objective.kl()) {
        case K1, K1_VALUE_K2_GRADIENT -> 0;
        case ABSOLUTE, ABSOLUTE_VALUE_K2_GRADIENT -> 1;
        case K2 -> 2;
        case K3, K3_VALUE_K2_GRADIENT -> 3;
      },
      objective.policy().guard().boundsKl() ? 1 : 0,
      switch (objective.kl()) {
        case K1, ABSOLUTE, K2, K3 -> 0;
        case K1_VALUE_K2_GRADIENT, ABSOLUTE_VALUE_K2_GRADIENT, K3_VALUE_K2_GRADIENT -> 1;
      }
    };
  }

  /** Numbers of the settings, in the order of the text's list {@code n}; what is unused is 1. */
  private static double[] numbers(DecoupledObjective objective) {
    double[] policy =
        switch (objective.policy()) {
          case ClippedObjective(double low, double high, double dual, RatioLevel _, _) ->
              new double[] {low, high, Math.min(dual, NO_BOUND), 1, 1};
          case CispoObjective(double low, double high, _) -> new double[] {low, high, 1, 1, 1};
          case SapoObjective(double positive, double negative, _) ->
              new double[] {0, 0, 1, positive, negative};
        };
    double[] weight =
        switch (objective.correction()) {
          case Correction.None() -> new double[] {1, 1, 1};
          case Correction.TruncatedToken(double cap) -> new double[] {cap, 1, 1};
          case Correction.TruncatedSequence(double cap) -> new double[] {cap, 1, 1};
          case Correction.MaskedSequence(double low, double high) -> new double[] {1, low, high};
          case Correction.MaskedGeometric(double low, double high, double cap) ->
              new double[] {cap, low, high};
          case Correction.IcePop(double low, double high) -> new double[] {1, low, high};
        };
    LogRatioGuard guard = objective.policy().guard();
    return new double[] {
      policy[0],
      policy[1],
      policy[2],
      policy[3],
      policy[4],
      weight[0],
      weight[1],
      weight[2],
      guard.min(),
      guard.max(),
      objective.klCoefficient()
    };
  }

  /**
   * {@code objective} returns the loss, then weighted sums over the tokens ({@link
   * TrainingCore.PolicyLoss}), then counts and extremes ({@link ImportanceCounts}). {@code
   * objective_gradient} gives the sums, the counts and the gradient with respect to the
   * log-probabilities.
   *
   * <p>{@code t}: advantage, behaviour, staleness, old (may be empty: the current ones), reference
   * (may be empty), weight, all (M) float; response of each token (M) whole. {@code n}: clip low,
   * clip high, dual clip, gate of good and of bad tokens, importance cap, least and largest weight
   * kept, guard of the log-ratio below and above, KL coefficient.
   */
  static final String TEXT =
      """
      def response_sum(self, values: Tensor, response: Tensor, responses: int) -> Tensor:
        sums = torch.index_add(torch.new_zeros(values, [responses]), 0, response, values)
        return torch.index_select(sums, 0, response)

      def response_mean(self, values: Tensor, response: Tensor, responses: int) -> Tensor:
        length = self.response_sum(torch.ones_like(torch.detach(values)), response, responses)
        return torch.div(self.response_sum(values, response, responses), length)

      def used_log_ratio(self, own: Tensor, response: Tensor, responses: int, level: int) -> Tensor:
        if torch.eq(level, 0):
          used = own
        else:
          mean = self.response_mean(own, response, responses)
          if torch.eq(level, 1):
            used = mean
          else:
            used = torch.add(torch.sub(own, torch.detach(own)), torch.detach(mean))
        return used

      def policy_terms(self, used: Tensor, logp: Tensor, advantage: Tensor, kind: int, n: List[float]) -> List[Tensor]:
        lower = torch.log(torch.sub(1.0, n[0]))
        upper = torch.log(torch.add(1.0, n[1]))
        d = torch.clamp(used, n[8], n[9])
        ratio = torch.exp(d)
        nothing = torch.zeros_like(torch.detach(used))
        if torch.eq(kind, 0):
          clipped = torch.exp(torch.clamp(d, lower, upper))
          plain = torch.neg(torch.mul(advantage, ratio))
          cut = torch.neg(torch.mul(advantage, clipped))
          worse = torch.maximum(plain, cut)
          bound = torch.neg(torch.mul(advantage, n[2]))
          loss = torch.where(torch.lt(advantage, 0), torch.minimum(worse, bound), worse)
          higher = torch.to(torch.lt(plain, cut), 6)
          lower_share = torch.to(torch.logical_and(torch.gt(worse, bound), torch.lt(advantage, 0)), 6)
        else:
          lower_share = nothing
          if torch.eq(kind, 1):
            held = torch.detach(torch.exp(torch.clamp(used, lower, upper)))
            loss = torch.neg(torch.mul(torch.mul(advantage, held), logp))
            higher = torch.to(torch.logical_or(torch.lt(used, lower), torch.gt(used, upper)), 6)
          else:
            good = torch.to(torch.ge(advantage, 0), 6)
            tau = torch.add(torch.mul(good, n[3]), torch.mul(torch.rsub(good, 1.0), n[4]))
            gate = torch.sigmoid(torch.mul(tau, torch.sub(ratio, 1.0)))
            loss = torch.neg(torch.mul(torch.mul(advantage, torch.mul(torch.reciprocal(tau), 4.0)), gate))
            higher = nothing
        return [loss, higher, lower_share]

      def proximal_log_prob(self, start: Tensor, behaviour: Tensor, current: Tensor, staleness: Tensor, rule: int) -> Tensor:
        if torch.eq(rule, 0):
          proximal = start
        else:
          if torch.eq(rule, 1):
            share = torch.div(staleness, torch.add(staleness, 1.0))
            proximal = torch.add(behaviour, torch.mul(torch.sub(torch.detach(current), behaviour), share))
          else:
            proximal = behaviour
        return proximal

      def within(self, measure: Tensor, low: float, high: float) -> Tensor:
        return torch.to(torch.logical_and(torch.ge(measure, low), torch.le(measure, high)), 6)

      def importance(self, lag: Tensor, response: Tensor, responses: int, kind: int, n: List[float]) -> List[Tensor]:
        own = torch.exp(lag)
        kept = torch.ones_like(lag)
        over = torch.zeros_like(lag)
        if torch.eq(kind, 0):
          factor = kept
        else:
          if torch.eq(kind, 1):
            factor = torch.clamp(own, None, n[5])
            over = torch.to(torch.gt(own, n[5]), 6)
          else:
            total = torch.exp(torch.clamp(self.response_sum(lag, response, responses), -20.0, 20.0))
            if torch.eq(kind, 2):
              factor = torch.clamp(total, None, n[5])
              over = torch.to(torch.gt(total, n[5]), 6)
            else:
              if torch.eq(kind, 3):
                kept = self.within(total, n[6], n[7])
                factor = torch.mul(total, kept)
              else:
                if torch.eq(kind, 4):
                  mean = torch.exp(self.response_mean(lag, response, responses))
                  kept = self.within(mean, n[6], n[7])
                  factor = torch.mul(torch.clamp(own, None, n[5]), kept)
                  over = torch.mul(torch.to(torch.gt(own, n[5]), 6), kept)
                else:
                  kept = self.within(own, n[6], n[7])
                  factor = torch.mul(own, kept)
        return [factor, over, kept]

      def reference_divergence(self, logp: Tensor, reference: Tensor, kind: int, straight: int) -> Tensor:
        if torch.eq(kind, 3):
          d = torch.clamp(torch.sub(reference, logp), -20.0, 20.0)
          divergence = torch.clamp(torch.sub(torch.sub(torch.exp(d), d), 1.0), -10.0, 10.0)
        else:
          k1 = torch.sub(logp, reference)
          if torch.eq(kind, 0):
            divergence = k1
          else:
            if torch.eq(kind, 1):
              divergence = torch.abs(k1)
            else:
              divergence = torch.mul(torch.mul(k1, k1), 0.5)
        if torch.eq(straight, 1):
          gap = torch.sub(logp, reference)
          k2 = torch.mul(torch.mul(gap, gap), 0.5)
          used = torch.add(torch.sub(k2, torch.detach(k2)), torch.detach(divergence))
        else:
          used = divergence
        return used

      def importance_counts(self, weights: List[Tensor], start: Tensor, behaviour: Tensor, stale: Tensor, response: Tensor, responses: int) -> Tensor:
        factor = weights[0]
        fresh = torch.rsub(stale, 1.0)
        gap = torch.sub(start, behaviour)
        ratio = torch.exp(torch.clamp(gap, -20.0, 20.0))
        far = torch.mul(torch.abs(gap), fresh)
        fresh_ratio = torch.mul(ratio, fresh)
        stale_ratio = torch.mul(ratio, stale)
        least = torch.min(torch.where(torch.gt(stale, 0), ratio, torch.full_like(ratio, 1e30)))
        zero = torch.new_zeros(factor, [responses])
        tokens = torch.index_add(zero, 0, response, torch.ones_like(factor))
        left = torch.index_add(zero, 0, response, weights[2])
        empty = torch.sum(torch.to(torch.logical_and(torch.gt(tokens, 0), torch.eq(left, 0)), 6))
        masked = torch.sum(torch.rsub(weights[2], 1.0))
        return torch.stack([torch.max(factor), torch.min(factor), torch.sum(factor), torch.sum(torch.mul(factor, factor)), torch.sum(fresh), torch.sum(far), torch.max(far), torch.sum(fresh_ratio), torch.max(fresh_ratio), torch.sum(stale), torch.sum(stale_ratio), least, torch.max(stale_ratio), torch.sum(weights[1]), masked, empty])

      def objective(self, logp: Tensor, entropy: Tensor, t: List[Tensor], responses: int, choice: List[int], n: List[float]) -> List[Tensor]:
        plain = torch.detach(logp)
        if torch.eq(torch.numel(t[3]), 0):
          start = plain
        else:
          start = t[3]
        stale = torch.to(torch.gt(t[2], 0), 6)
        if torch.eq(choice[4], 0):
          corrected = stale
        else:
          corrected = torch.ones_like(stale)
        proximal = self.proximal_log_prob(start, t[1], logp, t[2], choice[2])
        own = torch.sub(logp, proximal)
        used = self.used_log_ratio(own, t[6], responses, choice[1])
        terms = self.policy_terms(used, logp, t[0], choice[0], n)
        lag = torch.mul(torch.clamp(torch.sub(proximal, t[1]), -20.0, 20.0), corrected)
        weights = self.importance(lag, t[6], responses, choice[3], n)
        policy = torch.sum(torch.mul(torch.mul(terms[0], weights[0]), t[5]))
        if torch.gt(torch.numel(t[4]), 0):
          divergence = self.reference_divergence(logp, t[4], choice[5], choice[7])
        else:
          divergence = torch.zeros_like(plain)
        kl_loss = torch.sum(torch.mul(divergence, t[5]))
        loss = torch.add(policy, torch.mul(kl_loss, n[10]))
        moved = torch.detach(torch.neg(own))
        if torch.eq(choice[6], 1):
          moved = torch.clamp(moved, torch.neg(n[9]), torch.neg(n[8]))
        sums = [torch.detach(loss), torch.detach(policy), torch.detach(kl_loss), torch.sum(torch.mul(entropy, t[5])), torch.sum(torch.mul(terms[1], t[5])), torch.sum(torch.mul(terms[2], t[5])), torch.sum(torch.mul(moved, t[5])), torch.sum(torch.mul(weights[0], t[5]))]
        return [loss, torch.stack(sums), self.importance_counts(weights, start, t[1], stale, t[6], responses)]

      def objective_gradient(self, logp: Tensor, t: List[Tensor], responses: int, choice: List[int], n: List[float]) -> List[Tensor]:
        leaf = torch.requires_grad_(torch.detach(logp), True)
        terms = self.objective(leaf, torch.zeros_like(logp), t, responses, choice, n)
        found = torch.grad([terms[0]], [leaf], None, None, False, True)
        gradient = torch.zeros_like(logp)
        g = found[0]
        if g is not None:
          gradient = torch.detach(g)
        return [torch.detach(terms[1]), torch.detach(terms[2]), gradient]
      """
          .indent(2);
}
