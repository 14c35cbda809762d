package krites.model.torchscript;

import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Arrays;

/**
 * Runs a method of a script module with gradients recorded.
 *
 * <p>DJL's {@code IValueUtils.runMethod} always enters inference mode, in which autograd is off for
 * good. The native entry point beneath it has a flag for training; this class reaches that entry
 * point (DJL 0.35.1, class path only).
 */
final class TrainingCall {
  private static final Object LIBRARY;
  private static final MethodHandle RUN;
  private static final MethodHandle NEW_VALUE;

  static {
    try {
      Class<?> library = Class.forName("ai.djl.pytorch.jni.PyTorchLibrary");
      MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(library, MethodHandles.lookup());
      LIBRARY = lookup.findStaticGetter(library, "LIB", library).invoke();
      MethodType type =
          MethodType.methodType(
              long.class, long.class, String.class, long[].class, boolean.class, boolean.class);
      RUN = lookup.findVirtual(library, "moduleRunMethod", type);
      NEW_VALUE =
          MethodHandles.privateLookupIn(IValue.class, MethodHandles.lookup())
              .findConstructor(IValue.class, MethodType.methodType(void.class, long.class));
    } catch (Throwable e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private TrainingCall() {}

  static IValue run(PtSymbolBlock block, String method, IValue[] arguments) {
    long[] handles = Arrays.stream(arguments).mapToLong(IValue::getHandle).toArray();
    try {
      long result =
          (long) RUN.invoke(LIBRARY, (long) block.getHandle(), method, handles, true, false);
      return (IValue) NEW_VALUE.invoke(result);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("calling " + method, e);
    }
  }
}
