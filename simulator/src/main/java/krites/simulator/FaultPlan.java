package krites.simulator;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Which faults a simulation has, and how often.
 *
 * <p>Written as {@code name=rate[:duration]}, separated by commas. The rate of what happens in time
 * has a unit: {@code rollout-crash=0.02/min}; of what happens to a share of cases it has none:
 * {@code message-loss=0.001}. A duration is a number with {@code ms}, {@code s}, {@code min} or
 * {@code h}: {@code pause=0.05/min:20s}.
 *
 * @param faults at most one of each kind; those that never happen are left out
 */
public record FaultPlan(Map<FaultKind, Fault> faults) {
  /** Nothing goes wrong. */
  public static final FaultPlan NONE = new FaultPlan(Map.of());

  /**
   * One kind of fault.
   *
   * @param rate per second and node, or the share of cases
   * @param seconds how long it lasts; 0 for what has no duration
   */
  public record Fault(double rate, double seconds) {}

  public FaultPlan {
    EnumMap<FaultKind, Fault> copy = new EnumMap<>(FaultKind.class);
    faults.forEach(
        (kind, fault) -> {
          if (fault.rate() > 0) {
            copy.put(kind, fault);
          }
        });
    faults = Collections.unmodifiableMap(copy);
  }

  /**
   * Reads a plan.
   *
   * @throws IllegalArgumentException naming the item that cannot be read and what was expected
   */
  public static FaultPlan parse(String text) {
    EnumMap<FaultKind, Fault> faults = new EnumMap<>(FaultKind.class);
    for (String item : text.split(",")) {
      if (!item.isBlank()) {
        Item parsed = new Item(item.strip());
        FaultKind kind = parsed.kind();
        if (faults.put(kind, parsed.fault(kind)) != null) {
          throw parsed.bad(kind.word() + " is named twice");
        }
      }
    }
    return new FaultPlan(faults);
  }

  Optional<Fault> of(FaultKind kind) {
    return Optional.ofNullable(faults.get(kind));
  }

  /** The share of cases in which it happens, or its rate per second; 0 if it does not. */
  double rate(FaultKind kind) {
    return of(kind).map(Fault::rate).orElse(0.0);
  }

  double seconds(FaultKind kind) {
    return of(kind).map(Fault::seconds).orElse(0.0);
  }

  /** The plan as it can be read again; {@code none} when it is empty. */
  public String text() {
    return faults.isEmpty()
        ? "none"
        : faults.entrySet().stream()
            .map(entry -> text(entry.getKey(), entry.getValue()))
            .collect(Collectors.joining(","));
  }

  private static String text(FaultKind kind, Fault fault) {
    String rate =
        switch (kind.measure()) {
          case PER_TIME -> fault.rate() * 60 + "/min";
          case SHARE -> String.valueOf(fault.rate());
        };
    return kind.word() + "=" + rate + (kind.lasts() ? ":" + fault.seconds() + "s" : "");
  }

  /** One item of a plan as it was written. */
  private record Item(String text) {
    private static final Map<String, Double> SECONDS =
        Map.of("ms", 1e-3, "s", 1.0, "min", 60.0, "h", 3600.0);

    FaultKind kind() {
      int equals = text.indexOf('=');
      if (equals < 1) {
        throw bad("expected name=rate");
      }
      String word = text.substring(0, equals).strip();
      return FaultKind.of(word)
          .orElseThrow(
              () ->
                  bad(
                      "no fault is named "
                          + word
                          + "; there are "
                          + Arrays.stream(FaultKind.values())
                              .map(FaultKind::word)
                              .collect(Collectors.joining(", "))));
    }

    Fault fault(FaultKind kind) {
      String value = text.substring(text.indexOf('=') + 1).strip();
      int colon = value.indexOf(':');
      if (colon >= 0 && !kind.lasts()) {
        throw bad(kind.word() + " has no duration");
      }
      double seconds =
          colon < 0 ? kind.defaultSeconds() : seconds(value.substring(colon + 1).strip());
      String rate = (colon < 0 ? value : value.substring(0, colon)).strip();
      return switch (kind.measure()) {
        case PER_TIME -> new Fault(perSecond(rate), seconds);
        case SHARE -> new Fault(share(rate), seconds);
      };
    }

    private double perSecond(String rate) {
      int slash = rate.indexOf('/');
      Double unit = slash < 0 ? null : SECONDS.get(rate.substring(slash + 1).strip());
      if (unit == null) {
        throw bad("expected a rate in time, such as 0.02/min (units: s, min, h)");
      }
      double count = number(rate.substring(0, slash).strip());
      if (!(count >= 0) || Double.isInfinite(count)) {
        throw bad("expected a rate of at least 0, such as 0.02/min");
      }
      return count / unit;
    }

    private double share(String rate) {
      double share = number(rate);
      if (!(share >= 0 && share <= 1)) {
        throw bad("expected a share from 0 to 1, such as 0.01");
      }
      return share;
    }

    private double seconds(String duration) {
      String unit = duration.replaceFirst("^[0-9.eE+-]*", "");
      Double factor = SECONDS.get(unit);
      double value =
          factor == null
              ? Double.NaN
              : number(duration.substring(0, duration.length() - unit.length())) * factor;
      if (!(value > 0) || Double.isInfinite(value)) {
        throw bad("expected a duration above 0, such as 20s (units: ms, s, min, h)");
      }
      return value;
    }

    private double number(String digits) {
      try {
        return Double.parseDouble(digits);
      } catch (NumberFormatException e) {
        throw bad("'" + digits + "' is not a number");
      }
    }

    IllegalArgumentException bad(String trouble) {
      return new IllegalArgumentException("fault '" + text + "': " + trouble);
    }
  }
}
