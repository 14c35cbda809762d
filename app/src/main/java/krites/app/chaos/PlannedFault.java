package krites.app.chaos;

import java.util.Locale;
import krites.app.config.ChaosPlan.Kind;

/**
 * One fault of a schedule.
 *
 * @param number from 1
 * @param offsetMillis from the first trained step where no fault before it takes long; what lies
 *     between two faults is kept
 * @param group of the process that is hit
 * @param member which process of the group, from 1
 * @param seconds how long a pause, a cut or a delay lasts; 0 for others
 * @param delayMillis how late what is sent is during a delay
 */
record PlannedFault(
    int number,
    long offsetMillis,
    Kind kind,
    String group,
    int member,
    int seconds,
    int delayMillis) {
  /** The process that is hit. */
  String process() {
    return group + "-" + member;
  }

  /** What is done, in a few words. */
  String words() {
    String kindWord = kind.name().toLowerCase(Locale.ROOT);
    String late = kind == Kind.DELAY ? " " + delayMillis + " ms" : "";
    return kindWord + late + (seconds == 0 ? "" : " " + seconds + " s");
  }
}
