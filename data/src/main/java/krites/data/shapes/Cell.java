package krites.data.shapes;

/** One cell of the grid. */
public sealed interface Cell {
  /**
   * How a scan line names it, each object keyed by its colour on both sides: {@code red circle
   * red}, {@code none}.
   */
  String scan();

  /** Nothing there. */
  record Empty() implements Cell {
    @Override
    public String scan() {
      return "none";
    }
  }

  /** One object. */
  record Filled(Colour colour, Shape shape) implements Cell {
    @Override
    public String scan() {
      return colour.word() + " " + shape.word() + " " + colour.word();
    }

    /** {@code red circle}. */
    String words() {
      return colour.word() + " " + shape.word();
    }
  }
}
