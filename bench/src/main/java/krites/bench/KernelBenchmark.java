package krites.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.concurrent.TimeUnit;
import krites.model.qwen25vl.Precision;
import krites.model.torchscript.RawTensors;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import krites.rollout.RolloutScript;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a decode step is made of, in the sizes of Qwen2.5-0.5B: a linear layer plain and with a
 * packed weight, attention over a cache in three forms, and choosing tokens from a vocabulary of
 * 151,936. On one native thread, as an engine of a small machine has.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 1,
    jvmArgs = {"-Xmx1g", "--enable-native-access=ALL-UNNAMED", "-Dai.djl.offline=true"})
public class KernelBenchmark {
  private static final int HIDDEN = 896;
  private static final int MLP = 4864;
  private static final int HEADS = 14;
  private static final int KEY_HEADS = 2;
  private static final int HEAD_SIZE = 64;
  private static final int CONTEXT = 256;
  private static final int VOCABULARY = 151_936;

  private static final String TEXT =
      """
      def noise(self, x: Tensor) -> Tensor:
        return torch.normal_(x, 0.0, 0.05)

      def linear(self, x: Tensor, w: Tensor) -> Tensor:
        return torch.linear(x, w)

      def grouped(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        g = torch.reshape(q, [torch.size(q, 0), 2, 7, 64])
        return torch.scaled_dot_product_attention(g, k, v)

      def expanded(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return torch.scaled_dot_product_attention(q, torch.repeat_interleave(k, 7, 1), torch.repeat_interleave(v, 7, 1))

      def written_out(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        g = torch.reshape(q, [torch.size(q, 0), 2, 7, 64])
        s = torch.mul(torch.matmul(g, torch.transpose(k, 2, 3)), 0.125)
        return torch.matmul(torch.softmax(s, -1), v)
      """
          .indent(2);

  private static final String PACKED =
      """
      def pack(self, w: Tensor, rows: int) -> Tensor:
        return ops.mkldnn._reorder_linear_weight(w, rows)

      def linear(self, x: Tensor, w: Tensor) -> Tensor:
        return ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
      """
          .indent(2);

  /** The native side, and noise to compute on. */
  @State(Scope.Thread)
  public static class Native {
    @Param({"F32", "BF16"})
    public Precision precision = Precision.F32;

    @Param({"1", "8", "32", "512"})
    public int rows = 1;

    private NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private ScriptModule plain = ScriptModule.load(manager, List.of(TEXT));
    private ScriptModule packed = ScriptModule.load(manager, List.of(PACKED));
    private ScriptModule sampler = ScriptModule.load(manager, RolloutScript.samplerMethods());
    private NDList linear = new NDList();
    private NDList attention = new NDList();
    private NDList sampling = new NDList();

    /** Weights and activations. */
    @Setup(Level.Trial)
    public void fill() {
      TorchRuntime.prepareThread(1, false);
      NDArray weight = noise(MLP, HIDDEN);
      linear.add(noise(rows, HIDDEN));
      linear.add(weight);
      linear.add(packed.call(manager, "pack", weight, rows).get(0));
      int sequences = Math.min(rows, 32); // no more decode together
      attention.add(noise(sequences, HEADS, 1, HEAD_SIZE));
      attention.add(noise(sequences, KEY_HEADS, CONTEXT, HEAD_SIZE));
      attention.add(noise(sequences, KEY_HEADS, CONTEXT, HEAD_SIZE));
      sampling.add(RawTensors.cast(noise(sequences, VOCABULARY), RawTensors.FLOAT32, manager));
      sampling.add(manager.zeros(new Shape(sequences, 1), DataType.BOOLEAN));
      sampling.add(manager.create(new long[0])); // nothing is forbidden
      sampling.add(manager.full(new Shape(sequences), 0.5f).toType(DataType.FLOAT64, true));
    }

    private NDArray noise(long... shape) {
      return plain
          .call(manager, "noise", RawTensors.empty(shape, precision.scalarType(), manager))
          .get(0);
    }

    private void attend(String method) {
      plain.call(manager, method, attention.get(0), attention.get(1), attention.get(2)).close();
    }

    private NDArray column(float value) {
      return manager.full(new Shape(sampling.get(0).getShape().get(0), 1), value);
    }

    private void sample(int topK, float topP) {
      try (NDArray one = column(1);
          NDArray most = column(topK).toType(DataType.INT64, false);
          NDArray share = column(topP);
          NDList shaped =
              sampler.call(
                  manager,
                  "shape_logits",
                  sampling.get(0),
                  sampling.get(1),
                  sampling.get(2),
                  VOCABULARY,
                  one,
                  most,
                  share,
                  one,
                  topK,
                  topP < 1)) {
        sampler.call(manager, "pick", shaped.get(0), sampling.get(3)).close();
      }
    }

    /** Frees all of it. */
    @TearDown(Level.Trial)
    public void free() {
      manager.close();
    }
  }

  /** The plain operator. */
  @Benchmark
  public void linearPlain(Native now) {
    now.plain.call(now.manager, "linear", now.linear.get(0), now.linear.get(1)).close();
  }

  /** oneDNN with a weight that was packed for so many rows. */
  @Benchmark
  public void linearPacked(Native now) {
    now.packed.call(now.manager, "linear", now.linear.get(0), now.linear.get(2)).close();
  }

  /** The queries of a key head side by side, as the engine decodes. */
  @Benchmark
  public void attentionGrouped(Native now) {
    now.attend("grouped");
  }

  /** Keys and values repeated for every query head. */
  @Benchmark
  public void attentionExpanded(Native now) {
    now.attend("expanded");
  }

  /** Products and softmax one by one. */
  @Benchmark
  public void attentionWrittenOut(Native now) {
    now.attend("written_out");
  }

  /** Free sampling. */
  @Benchmark
  public void sampleAll(Native now) {
    now.sample(0, 1f);
  }

  /** Sampling from the 50 most likely tokens, and of those from nine tenths. */
  @Benchmark
  public void sampleTopKAndP(Native now) {
    now.sample(50, 0.9f);
  }
}
