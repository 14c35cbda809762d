package krites.learner;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.model.lora.LoraScript;
import krites.model.lora.LoraSettings;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.NetworkScript;
import krites.model.qwen25vl.Qwen25VlConfig;

/**
 * Losses, gradients and the optimizer as TorchScript methods on top of the network's.
 *
 * <p>Shapes: N tokens fed, M predicted, by U of those that are fed. {@link PackedRows} are passed
 * as {@code rows}, a list of eight or nineteen tensors: ids (1, N), positions (3, 1, N), places
 * that predict (U); then, by the place that predicts them, for each predicted token which of the U
 * that is (M), its id (M), and where it lies in the caller's order (M); for each in the caller's
 * order where it lies in this one (M); image_at (n); then, if there are images, the eleven
 * arguments of {@code vision}. {@code parts} says who looks at whom ({@link AttentionParts}). What
 * is returned for predicted tokens is in the caller's order.
 */
final class LearnerScript {
  private LearnerScript() {}

  /** The network's methods, with adapters if there are any, and those of the learner. */
  static List<String> methods(
      Qwen25VlConfig config, Optional<LoraSettings> lora, Products products) {
    return lora.isPresent()
        ? methods(
            LoraScript.methods(config, lora.get()),
            PassScript.text(config, DecoderPasses.RECORDED, false),
            products)
        : methods(
            NetworkScript.methods(config),
            PassScript.text(config, DecoderPasses.WRITTEN_OUT, false),
            products);
  }

  /** As above, for {@code log_probs} alone, on weights as the kernels take them. */
  static List<String> frozen(Qwen25VlConfig config, Kernels kernels, Products products) {
    return methods(
        NetworkScript.methods(config, kernels),
        PassScript.text(config, DecoderPasses.WRITTEN_OUT, kernels.packed()),
        products);
  }

  private static List<String> methods(List<String> network, String passes, Products products) {
    List<String> methods = new ArrayList<>(products.in(network));
    methods.add(ObjectiveScript.TEXT);
    methods.add(OptimizerScript.TEXT);
    methods.add(products.text());
    methods.addAll(products.in(List.of(passes)));
    methods.add(TEXT);
    return List.copyOf(methods);
  }

  /**
   * {@code log_probs} gives the log-probability of each target and, if asked, the entropy there.
   *
   * <p>{@code supervised} is the weighted sum of negative log-probabilities, {@code policy} the
   * {@code objective} of {@link ObjectiveScript}. Both add their gradients to {@code total}, as
   * {@link PassScript} explains, and return it behind their results.
   *
   * <p>{@code update} clips the gradients to a global norm and makes one AdamW step, or leaves
   * everything as it is when the norm is not finite. Its lists hold trained weights only:
   * TorchScript drops writes through lists that it built itself. {@code refresh} rounds updated
   * weights to the type that the network computes in.
   */
  private static final String TEXT =
      """
      def log_probs(self, rows: List[Tensor], parts: List[Tensor], temperature: float, chunk: int, entropies: bool, w: List[Tensor]) -> List[Tensor]:
        image = self.see(rows, False, w)[0]
        x = self.embed(rows[0], rows[7], image, w)
        hidden = self.unrecorded(x, rows, self.looks(parts, w), w)
        return torch.slice(self.head_log_probs(hidden, rows, temperature, chunk, entropies, w), 0, 2)

      def supervised(self, rows: List[Tensor], parts: List[Tensor], weight: Tensor, chunk: int, recompute: bool, first: int, total: List[Tensor], w: List[Tensor]) -> List[Tensor]:
        ps = self.trainable(w, first)
        looks = self.looks(parts, w)
        seen = self.begin(rows, recompute, first, ps, w)
        states = self.go_on(seen, rows, looks, recompute, ps, w)
        hidden = torch.detach(states[-1])
        lp = self.head_log_probs(hidden, rows, 1.0, chunk, False, w)
        loss = torch.neg(torch.sum(torch.mul(lp[0], weight)))
        dh = self.head_gradient(hidden, rows, torch.neg(weight), lp[2], 1.0, chunk, first, total, w)
        n = self.backward(dh, seen, states, rows, looks, recompute, first, total, ps)
        return torch.add([loss, lp[0]], total)

      def policy(self, rows: List[Tensor], parts: List[Tensor], temperature: float, t: List[Tensor], responses: int, choice: List[int], n: List[float], chunk: int, recompute: bool, first: int, total: List[Tensor], w: List[Tensor]) -> List[Tensor]:
        ps = self.trainable(w, first)
        looks = self.looks(parts, w)
        seen = self.begin(rows, recompute, first, ps, w)
        states = self.go_on(seen, rows, looks, recompute, ps, w)
        hidden = torch.detach(states[-1])
        lp = self.head_log_probs(hidden, rows, temperature, chunk, True, w)
        free = torch.requires_grad_(torch.detach(lp[0]), True)
        terms = self.objective(free, lp[1], t, responses, choice, n)
        slope = self.back(terms[0], torch.ones_like(terms[0]), free, 0, 0, torch.len(ps), total, ps)
        dh = self.head_gradient(hidden, rows, slope, lp[2], temperature, chunk, first, total, w)
        k = self.backward(dh, seen, states, rows, looks, recompute, first, total, ps)
        return torch.add([torch.detach(terms[1]), torch.detach(terms[2]), lp[0]], total)

      def update(self, w: List[Tensor], grads: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], lr: float, beta1: float, beta2: float, eps: float, decay: float, max_norm: float) -> List[Tensor]:
        clipped = self.clip(grads, max_norm)
        if torch.gt(float(clipped[1]), 0.0):
          torch._foreach_add_(steps, 1)
          torch._fused_adamw_(w, grads, m, v, annotate(List[Tensor], []), steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False)
        return clipped

      def refresh(self, computing: List[Tensor], weights: List[Tensor]) -> List[Tensor]:
        for i in range(torch.len(weights)):
          torch.copy_(computing[i], weights[i])
        return computing
      """
          .indent(2);
}
