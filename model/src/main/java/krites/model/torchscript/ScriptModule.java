package krites.model.torchscript;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * A loaded TorchScript module without state; each method is one native call.
 *
 * <p>Arguments may be {@link NDArray}, a list of {@link NDArray} (also {@link NDList}), {@code
 * Long}, {@code Integer}, {@code Double}, {@code Float}, {@code Boolean}, {@code String}, {@code
 * long[]} or {@code double[]}. Methods return a tensor or a list of tensors. Not thread safe
 * towards {@link #close()}; calls themselves may run on several threads.
 */
public final class ScriptModule implements AutoCloseable {
  private final PtNDManager manager;
  private final PtSymbolBlock block;

  private ScriptModule(PtNDManager manager, PtSymbolBlock block) {
    this.manager = manager;
    this.block = block;
  }

  /**
   * Loads the given methods on a device.
   *
   * @param parent owner of the native module; closing it closes this
   * @throws IllegalStateException if the text does not compile; the message is TorchScript's own
   */
  public static ScriptModule load(NDManager parent, List<String> methods) {
    TorchRuntime.start();
    PtNDManager manager = (PtNDManager) parent.newSubManager();
    try {
      return new ScriptModule(
          manager,
          JniUtils.loadModule(
              manager, new ByteArrayInputStream(ScriptArchive.of(methods)), false, false));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read an archive in memory", e);
    } catch (ai.djl.engine.EngineException e) {
      manager.close();
      throw new IllegalStateException("TorchScript refuses the network text: " + e.getMessage(), e);
    }
  }

  public Device device() {
    return manager.getDevice();
  }

  /**
   * Runs a method.
   *
   * @param output manager that owns the returned tensors
   * @param method name of a method of the module
   * @return the returned tensor, or the tensors of the returned list in order
   */
  public NDList call(NDManager output, String method, Object... arguments) {
    return run(false, output, method, arguments);
  }

  /**
   * As {@link #call}, but operators record gradients, so {@code torch.grad} works inside the method
   * and the returned tensors may take part in later gradients. Each method must detach what it
   * returns.
   */
  public NDList callWithGradients(NDManager output, String method, Object... arguments) {
    boolean recording = JniUtils.isGradMode();
    JniUtils.setGradMode(true);
    try {
      return run(true, output, method, arguments);
    } finally {
      JniUtils.setGradMode(recording);
    }
  }

  private NDList run(boolean gradients, NDManager output, String method, Object... arguments) {
    IValue[] values = new IValue[arguments.length];
    IValue result = null;
    try {
      for (int i = 0; i < arguments.length; i++) {
        values[i] = value(arguments[i]);
      }
      result =
          gradients
              ? TrainingCall.run(block, method, values)
              : IValueUtils.runMethod(block, method, values);
      if (result.isTensor()) {
        return new NDList(result.toTensor((PtNDManager) output));
      }
      return new NDList(result.toTensorArray((PtNDManager) output));
    } finally {
      if (result != null) {
        result.close();
      }
      for (IValue value : values) {
        if (value != null) {
          value.close();
        }
      }
    }
  }

  private static IValue value(Object argument) {
    return switch (argument) {
      case NDArray tensor -> IValue.from((PtNDArray) tensor);
      case List<?> tensors ->
          IValue.listFrom(tensors.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new));
      case Long number -> IValue.from((long) number);
      case Integer number -> IValue.from((long) number);
      case Double number -> IValue.from((double) number);
      case Float number -> IValue.from((double) number);
      case Boolean flag -> IValue.from((boolean) flag);
      case String text -> IValue.from(text);
      case long[] numbers -> IValue.listFrom(numbers);
      case double[] numbers -> IValue.listFrom(numbers);
      default ->
          throw new IllegalArgumentException("a script takes no " + argument.getClass().getName());
    };
  }

  @Override
  public void close() {
    block.close();
    manager.close();
  }
}
