package krites.learner;

/**
 * AdamW steps as TorchScript methods, for moments that are not simply float32 tensors beside their
 * weights; that case is {@code update} of {@link LearnerScript}.
 *
 * <p>Lists are arguments and never built here: TorchScript drops writes through lists that it built
 * itself.
 */
final class OptimizerScript {
  private OptimizerScript() {}

  /**
   * {@code clip} scales the gradients to a global norm and says the norm, and 1 if it is finite.
   *
   * <p>{@code gradient_norm}, {@code scale_all} and {@code fused_step} are what {@code clip} and
   * {@code update} do, for members of a learner, whose global norm is made of several. {@code
   * set_part} and {@code add_part} set a part of a tensor, or add to it, from another device.
   *
   * <p>{@code fused_part} steps one part of a tensor, whose moments {@code moved} copied from their
   * home to the weights' device, and writes them back home.
   *
   * <p>{@code adamw8} steps a tensor whose moments are codes (n) and scales (n / 256), in parts of
   * {@code part} values, a multiple of 256, so that no more of them than that is ever float32;
   * {@code books} are the codes and their middles, signed and unsigned. Codes may lie on another
   * device than the weights.
   */
  static final String TEXT =
      """
      def clip(self, grads: List[Tensor], max_norm: float) -> List[Tensor]:
        norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(grads, 2)))
        done = 0.0
        if bool(torch.isfinite(norm)):
          if torch.gt(max_norm, 0.0):
            factor = float(torch.clamp(torch.mul(torch.reciprocal(torch.add(norm, 1e-06)), max_norm), None, 1.0))
            if torch.lt(factor, 1.0):
              torch._foreach_mul_(grads, factor)
          done = 1.0
        return [norm, torch.full([1], done)]

      def gradient_norm(self, grads: List[Tensor]) -> Tensor:
        return torch.linalg_vector_norm(torch.stack(torch._foreach_norm(grads, 2)))

      def scale_all(self, grads: List[Tensor], factor: float) -> Tensor:
        torch._foreach_mul_(grads, factor)
        return torch.empty([0])

      def fused_step(self, w: List[Tensor], grads: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], lr: float, beta1: float, beta2: float, eps: float, decay: float) -> Tensor:
        torch._foreach_add_(steps, 1)
        torch._fused_adamw_(w, grads, m, v, annotate(List[Tensor], []), steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False)
        return torch.empty([0])

      def set_part(self, into: Tensor, other: Tensor) -> Tensor:
        torch.copy_(into, other)
        return torch.empty([0])

      def add_part(self, into: Tensor, other: Tensor) -> Tensor:
        torch.add_(into, torch.to(other, into.device))
        return torch.empty([0])

      def advance(self, step: Tensor) -> Tensor:
        torch.add_(step, 1)
        return torch.empty([0])

      def moved(self, home: Tensor, like: Tensor) -> Tensor:
        return torch.copy_(torch.empty([torch.numel(home)], dtype=6, device=like.device), home)

      def fused_part(self, w: List[Tensor], grads: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], first: Tensor, second: Tensor, lr: float, beta1: float, beta2: float, eps: float, decay: float) -> Tensor:
        torch._fused_adamw_(w, grads, m, v, annotate(List[Tensor], []), steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False)
        torch.copy_(first, m[0])
        torch.copy_(second, v[0])
        return torch.empty([0])

      def blocks(self, x: Tensor) -> Tensor:
        n = torch.numel(x)
        rest = torch.remainder(n, 256)
        if torch.gt(rest, 0):
          x = torch.constant_pad_nd(x, [0, torch.sub(256, rest)])
        return torch.view(x, [-1, 256])

      def dequantize(self, codes: Tensor, scales: Tensor, book: Tensor) -> Tensor:
        x = torch.index_select(book, 0, torch.to(codes, 3))
        x = torch.mul(self.blocks(x), torch.unsqueeze(scales, 1))
        return torch.narrow(torch.view(x, [-1]), 0, 0, torch.numel(codes))

      def scales(self, x: Tensor) -> Tensor:
        return torch.amax(torch.abs(self.blocks(x)), [1])

      def quantize(self, x: Tensor, scales: Tensor, middles: Tensor) -> Tensor:
        safe = torch.where(torch.gt(scales, 0), scales, torch.ones_like(scales))
        shares = torch.div(self.blocks(x), torch.unsqueeze(safe, 1))
        codes = torch.to(torch.bucketize(shares, middles, out_int32=True), 0)
        return torch.narrow(torch.view(codes, [-1]), 0, 0, torch.numel(x))

      def adamw8(self, w: Tensor, grad: Tensor, first: Tensor, first_scale: Tensor, second: Tensor, second_scale: Tensor, step: Tensor, books: List[Tensor], part: int, lr: float, beta1: float, beta2: float, eps: float, decay: float) -> Tensor:
        torch.add_(step, 1)
        t = float(step)
        rate = torch.div(lr, torch.sub(1.0, torch.pow(beta1, t)))
        root = torch.sqrt(torch.sub(1.0, torch.pow(beta2, t)))
        flat = torch.view(w, [-1])
        g = torch.view(grad, [-1])
        n = torch.numel(w)
        for i in range(torch.floordiv(torch.sub(torch.add(n, part), 1), part)):
          at = torch.mul(i, part)
          count = torch.sub(n, at)
          if torch.gt(count, part):
            count = part
          block = torch.floordiv(at, 256)
          blocks = torch.floordiv(torch.add(count, 255), 256)
          m8 = torch.narrow(first, 0, at, count)
          v8 = torch.narrow(second, 0, at, count)
          ms = torch.narrow(first_scale, 0, block, blocks)
          vs = torch.narrow(second_scale, 0, block, blocks)
          d = torch.narrow(g, 0, at, count)
          p = torch.narrow(flat, 0, at, count)
          m = self.dequantize(torch.to(m8, p.device), torch.to(ms, p.device), books[0])
          v = self.dequantize(torch.to(v8, p.device), torch.to(vs, p.device), books[2])
          m = torch.add(torch.mul(m, beta1), torch.mul(d, torch.sub(1.0, beta1)))
          v = torch.add(torch.mul(v, beta2), torch.mul(torch.mul(d, d), torch.sub(1.0, beta2)))
          torch.mul_(p, torch.sub(1.0, torch.mul(lr, decay)))
          torch.addcdiv_(p, m, torch.add(torch.div(torch.sqrt(v), root), eps), value=torch.neg(rate))
          scale = self.scales(m)
          torch.copy_(ms, scale)
          torch.copy_(m8, self.quantize(m, scale, books[1]))
          scale = self.scales(v)
          torch.copy_(vs, scale)
          torch.copy_(v8, self.quantize(v, scale, books[3]))
        return torch.empty([0])
      """
          .indent(2);
}
