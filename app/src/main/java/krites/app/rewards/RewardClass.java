package krites.app.rewards;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import krites.app.InputError;
import krites.grpo.port.RewardFunction;

/** Makes the reward of a class that the settings name. No other class of the class path is run. */
final class RewardClass {
  private static final String KEY = "reward.class";
  private static final String PORT = RewardFunction.class.getName();

  private RewardClass() {}

  /**
   * Makes an object of a class: by its public constructor with a {@link Map} of options if there is
   * one, else by its public constructor without arguments.
   *
   * @throws InputError saying what is wrong with the class
   */
  static RewardFunction load(String name, Map<String, String> options) {
    Class<?> type = found(name);
    if (!RewardFunction.class.isAssignableFrom(type)) {
      throw wrong(name, "does not implement " + PORT);
    }
    if (!Modifier.isPublic(type.getModifiers()) || Modifier.isAbstract(type.getModifiers())) {
      throw wrong(name, "is not a public class that can be made");
    }
    Optional<Constructor<?>> withOptions = constructor(type, Map.class);
    Optional<Constructor<?>> plain = constructor(type);
    if (withOptions.isEmpty() && plain.isPresent() && !options.isEmpty()) {
      throw wrong(
          name,
          "has no public constructor with a Map, which takes reward.class-options = " + options);
    }
    return withOptions
        .map(constructor -> make(name, constructor, options))
        .or(() -> plain.map(constructor -> make(name, constructor)))
        .orElseThrow(
            () ->
                wrong(
                    name,
                    "has no public constructor, expected one with a Map of options or one without"
                        + " arguments"));
  }

  private static Class<?> found(String name) {
    try {
      return Class.forName(name, false, RewardClass.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new InputError(
          KEY
              + ": there is no class "
              + name
              + " on the class path; KRITES_CLASSPATH adds folders and jars to it",
          e);
    } catch (LinkageError e) {
      throw broken(name, e);
    }
  }

  private static Optional<Constructor<?>> constructor(Class<?> type, Class<?>... parameters) {
    try {
      return Arrays.stream(type.getConstructors())
          .filter(constructor -> Arrays.equals(constructor.getParameterTypes(), parameters))
          .findFirst();
    } catch (LinkageError e) {
      throw broken(type.getName(), e);
    }
  }

  private static RewardFunction make(String name, Constructor<?> constructor, Object... arguments) {
    try {
      return (RewardFunction) constructor.newInstance(arguments);
    } catch (InvocationTargetException e) {
      throw broken(name, e.getCause() == null ? e : e.getCause());
    } catch (ReflectiveOperationException | LinkageError e) {
      throw broken(name, e);
    }
  }

  private static InputError broken(String name, Throwable cause) {
    return new InputError(KEY + ": " + name + " cannot be made: " + cause, cause);
  }

  private static InputError wrong(String name, String what) {
    return new InputError(KEY + ": " + name + " " + what);
  }
}
