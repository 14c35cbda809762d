package krites.app.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import krites.grpo.objective.KlEstimate;

/**
 * Typed, strict access to a resolved configuration; remembers which keys were read.
 *
 * <p>Stricter than the library: 1.5 is not a whole number and {@code yes} is not a boolean.
 */
final class KeyReader {
  private static final String AUTO = "auto";

  private final Config config;
  private final Set<String> consumed = new LinkedHashSet<>();

  KeyReader(Config config) {
    this.config = config;
  }

  Set<String> consumed() {
    return consumed;
  }

  int intAt(String key) {
    long value = longAt(key);
    if (value != (int) value) {
      throw wrongType(key, "a whole number of at most " + Integer.MAX_VALUE);
    }
    return (int) value;
  }

  long longAt(String key) {
    Object value = value(key).unwrapped();
    if (value instanceof Integer || value instanceof Long) {
      return ((Number) value).longValue();
    }
    throw wrongType(key, "a whole number");
  }

  /** A whole number, or empty for {@code auto}. */
  OptionalInt intOrAutoAt(String key) {
    String text = textAt(key); // a number on the command line is text here, as the default is
    if (text.equals(AUTO)) {
      return OptionalInt.empty();
    }
    try {
      return OptionalInt.of(Integer.parseInt(text));
    } catch (NumberFormatException e) {
      throw wrongType(key, "a whole number or " + AUTO);
    }
  }

  double doubleAt(String key) {
    return number(key, value(key), "a number");
  }

  boolean booleanAt(String key) {
    if (value(key).unwrapped() instanceof Boolean value) {
      return value;
    }
    throw wrongType(key, "true or false");
  }

  String textAt(String key) {
    ConfigValue value = value(key);
    if (value.valueType() == ConfigValueType.LIST || value.valueType() == ConfigValueType.OBJECT) {
      throw wrongType(key, "text");
    }
    return String.valueOf(value.unwrapped());
  }

  List<Double> doublesAt(String key) {
    List<Double> numbers = new ArrayList<>();
    for (ConfigValue element : list(key, "a list of numbers")) {
      numbers.add(number(key, element, "a list of numbers"));
    }
    return numbers;
  }

  List<Integer> intsAt(String key) {
    List<Integer> numbers = new ArrayList<>();
    for (ConfigValue element : list(key, "a list of whole numbers")) {
      if (!(element.unwrapped() instanceof Integer number)) {
        throw wrongType(key, "a list of whole numbers");
      }
      numbers.add(number);
    }
    return numbers;
  }

  /**
   * A list of texts, also written with commas only: {@code cuda:0,cuda:1} cannot stand in a HOCON
   * list without quotes.
   */
  List<String> listedTextsAt(String key) {
    if (value(key).valueType() != ConfigValueType.STRING) {
      return textsAt(key);
    }
    String text = textAt(key).replaceAll("^\\[|]$", "");
    return Arrays.stream(text.split(",")).map(String::strip).toList();
  }

  List<String> textsAt(String key) {
    return list(key, "a list of texts").stream()
        .map(element -> String.valueOf(element.unwrapped()))
        .toList();
  }

  /** A constant of an enum, written in lower case with {@code -} or {@code _} between words. */
  <E extends Enum<E>> E choiceAt(String key, Class<E> type) {
    String text = textAt(key);
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equalsIgnoreCase(text.replace('-', '_'))) {
        return constant;
      }
    }
    throw wrongType(
        key,
        Arrays.stream(type.getEnumConstants())
            .map(constant -> constant.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(", ", "one of ", "")));
  }

  /** An estimate of the divergence, by its name in EasyR1 or verl. */
  KlEstimate klEstimateAt(String key) {
    try {
      return KlEstimate.named(textAt(key).replace('-', '_'));
    } catch (IllegalArgumentException unknown) {
      throw wrongType(key, "one of " + KlEstimate.NAMES);
    }
  }

  private List<? extends ConfigValue> list(String key, String expected) {
    if (value(key).valueType() != ConfigValueType.LIST) {
      throw wrongType(key, expected);
    }
    return config.getList(key);
  }

  private double number(String key, ConfigValue value, String expected) {
    if (value.unwrapped() instanceof Number number) {
      return number.doubleValue();
    }
    throw wrongType(key, expected);
  }

  private ConfigValue value(String key) {
    consumed.add(key);
    return config.getValue(key);
  }

  private ConfigError wrongType(String key, String expected) {
    ConfigValue found = config.getValue(key);
    return new ConfigError(
        Place.of(found.origin())
            + ": "
            + key
            + ": expected "
            + expected
            + ", found "
            + Place.shown(found));
  }
}
