package krites.data.shapes;

/** Words back to values. */
final class Vocabulary {
  private Vocabulary() {}

  static Colour colour(String word) {
    for (Colour colour : Colour.values()) {
      if (colour.word().equals(word)) {
        return colour;
      }
    }
    throw new IllegalArgumentException("'" + word + "' is no colour");
  }

  static Shape shape(String word) {
    for (Shape shape : Shape.values()) {
      if (shape.word().equals(word)) {
        return shape;
      }
    }
    throw new IllegalArgumentException("'" + word + "' is no shape");
  }
}
