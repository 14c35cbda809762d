package krites.learner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import krites.grpo.objective.DecoupledObjective;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.Test;

/**
 * The default objective is, to the bit, the text that the measured results of the first release
 * were made with.
 */
class PublishedBitsTest {
  private static final String FIRST_RELEASE =
      """
      def first(self, values: Tensor, advantage: Tensor, behaviour: Tensor, stale: Tensor, old: Tensor, reference: Tensor, weight: Tensor, low: float, high: float, dual: float, kl: float, cap: float) -> List[Tensor]:
        logp = torch.requires_grad_(torch.detach(values), True)
        plain_logp = torch.detach(logp)
        if torch.eq(torch.numel(old), 0):
          before = plain_logp
        else:
          before = old
        d = torch.clamp(torch.sub(logp, before), -20.0, 20.0)
        ratio = torch.exp(d)
        clipped = torch.exp(torch.clamp(d, torch.log(torch.sub(1.0, low)), torch.log(torch.add(1.0, high))))
        plain = torch.neg(torch.mul(advantage, ratio))
        cut = torch.neg(torch.mul(advantage, clipped))
        worse = torch.maximum(plain, cut)
        bound = torch.neg(torch.mul(advantage, dual))
        loss_of_token = torch.where(torch.lt(advantage, 0), torch.minimum(worse, bound), worse)
        lag = torch.mul(torch.clamp(torch.sub(before, behaviour), -20.0, 20.0), stale)
        importance = torch.clamp(torch.exp(lag), None, cap)
        policy = torch.sum(torch.mul(torch.mul(loss_of_token, importance), weight))
        if torch.gt(torch.numel(reference), 0):
          e = torch.clamp(torch.sub(reference, logp), -20.0, 20.0)
          divergence = torch.clamp(torch.sub(torch.sub(torch.exp(e), e), 1.0), -10.0, 10.0)
        else:
          divergence = torch.zeros_like(plain_logp)
        kl_loss = torch.sum(torch.mul(divergence, weight))
        loss = torch.add(policy, torch.mul(kl_loss, kl))
        found = torch.grad([loss], [logp], None, None, False, True)
        gradient = torch.zeros_like(values)
        g = found[0]
        if g is not None:
          gradient = torch.detach(g)
        return [torch.stack([torch.detach(loss), torch.detach(policy), torch.detach(kl_loss), torch.sum(torch.mul(importance, weight))]), gradient]
      """
          .indent(2);

  @Test
  void theDefaultIsTheFirstReleaseToTheBit() {
    TorchRuntime.prepareThread(1, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        TensorObjective tensors = new TensorObjective(manager);
        ScriptModule first = ScriptModule.load(manager, List.of(FIRST_RELEASE))) {
      for (long seed = 0; seed < 300; seed++) {
        ObjectiveSample sample = ObjectiveSample.random(seed);
        float[] weights = sample.weights(TokenWeights.MICRO_BATCH_TOKEN_MEAN);
        boolean withReference = seed % 3 != 0;
        float[] reference = withReference ? sample.reference() : new float[0];
        PolicyTargets targets =
            new PolicyTargets(
                sample.lengths(),
                sample.advantages(),
                sample.behaviour(),
                sample.staleness(),
                sample.old(),
                reference,
                weights);
        TensorObjective.Result ours =
            tensors.evaluate(DecoupledObjective.published(), sample.logProbs(), targets);
        try (NDManager scope = manager.newSubManager()) {
          NDList then = callFirst(first, scope, sample, targets);
          float[] sums = then.get(0).toFloatArray();
          float[] now = ours.loss().sums();
          assertArrayEquals(
              bits(sums), bits(new float[] {now[0], now[1], now[2], now[7]}), "seed " + seed);
          assertArrayEquals(
              bits(then.get(1).toFloatArray()), bits(ours.gradient()), "seed " + seed);
        }
      }
    }
  }

  private static NDList callFirst(
      ScriptModule first, NDManager scope, ObjectiveSample sample, PolicyTargets targets) {
    float[] stale = new float[sample.tokens()];
    for (int i = 0; i < stale.length; i++) {
      stale[i] = sample.staleness()[i] > 0 ? 1 : 0;
    }
    NDArray none = scope.zeros(new Shape(0));
    return first.callWithGradients(
        scope,
        "first",
        scope.create(sample.logProbs()),
        scope.create(targets.advantages()),
        scope.create(targets.behaviour()),
        scope.create(stale),
        targets.old().length == 0 ? none : scope.create(targets.old()),
        targets.reference().length == 0 ? none : scope.create(targets.reference()),
        scope.create(targets.weights()),
        0.2,
        0.3,
        3.0,
        0.01,
        2.0);
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return bits;
  }
}
