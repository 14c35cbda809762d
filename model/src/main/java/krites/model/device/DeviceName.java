package krites.model.device;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a person calls a device: {@code cpu}, {@code cuda} (the first GPU) or {@code cuda:N}.
 *
 * @param gpu number of the GPU, from 0; empty for the CPU
 */
public record DeviceName(OptionalInt gpu) {
  public static final DeviceName CPU = new DeviceName(OptionalInt.empty());

  /** What {@link #parse} understands, for error messages and help. */
  public static final String EXPECTED = "cpu, cuda or cuda:N";

  private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,3}))?");

  /** Reads a name; empty if it is none. */
  public static Optional<DeviceName> parse(String text) {
    if (text.equals("cpu")) {
      return Optional.of(CPU);
    }
    Matcher cuda = CUDA.matcher(text);
    if (!cuda.matches()) {
      return Optional.empty();
    }
    String number = cuda.group(1);
    return Optional.of(
        new DeviceName(OptionalInt.of(number == null ? 0 : Integer.parseInt(number))));
  }

  @Override
  public String toString() {
    return gpu.isPresent() ? "cuda:" + gpu.getAsInt() : "cpu";
  }
}
