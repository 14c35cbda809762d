package krites.grpo;

/** Which of the two answers of a critic prompt is better. */
public enum Label {
  FIRST,
  SECOND,
  TIE;

  /** The same verdict about the two answers in the other order. */
  public Label exchanged() {
    return switch (this) {
      case FIRST -> SECOND;
      case SECOND -> FIRST;
      case TIE -> TIE;
    };
  }
}
