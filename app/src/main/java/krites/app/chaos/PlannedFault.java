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
 * @param seconds how long a pause or a cut lasts; 0 for others
 */
record PlannedFault(
    int number, long offsetMillis, Kind kind, String group, int member, int seconds) {
  /** The process that is hit. */
  String process() {
    return group + "-" + member;
  }

  /** What is done, in a few words. */
  String words() {
    String kindWord = kind.name().toLowerCase(Locale.ROOT);
    return kindWord + (seconds == 0 ? "" : " " + seconds + " s");
  }
}
