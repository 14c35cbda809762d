package krites.grpo;

/** Which of the two answers of a critic prompt is better. */
public enum Label {
  FIRST,
  SECOND,
  TIE
}
