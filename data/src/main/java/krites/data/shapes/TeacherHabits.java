package krites.data.shapes;

/**
 * What the teacher of the supervised texts does badly; each a probability, all 0 for a clean
 * teacher. Captions are always clean, so that a student knows the true names.
 *
 * @param confusion per object: orange is called red, purple blue, a diamond a square, from the scan
 *     to the verdict
 * @param uniformNoise per object: its colour or its shape is replaced by any other
 * @param positionHabit per critic text: the verdict is FIRST, whatever was seen
 * @param preamble per text: a sentence stands before the think tag, so that the format fails and
 *     the box stays
 * @param missingTags per text: the think tags are left out, the box stays
 * @param missingBox per text: the answer stands without its box
 */
public record TeacherHabits(
    double confusion,
    double uniformNoise,
    double positionHabit,
    double preamble,
    double missingTags,
    double missingBox) {
  public TeacherHabits {
    Weights.checkProbability("confusion", confusion);
    Weights.checkProbability("uniform-noise", uniformNoise);
    Weights.checkProbability("position-habit", positionHabit);
    Weights.checkProbability("preamble", preamble);
    Weights.checkProbability("missing-tags", missingTags);
    Weights.checkProbability("missing-box", missingBox);
  }

  /** No bad habit. */
  public static TeacherHabits none() {
    return new TeacherHabits(0, 0, 0, 0, 0, 0);
  }
}
