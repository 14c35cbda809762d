package krites.data.shapes;

import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a picture shows.
 *
 * @param grid cells per side
 * @param cells row by row, length {@code grid * grid}, at least one filled
 */
public record Scene(int grid, List<Cell> cells) {
  public Scene {
    cells = List.copyOf(cells);
    if (cells.size() != grid * grid) {
      throw new IllegalArgumentException(cells.size() + " cells for a grid of side " + grid);
    }
    if (cells.stream().noneMatch(cell -> cell instanceof Cell.Filled)) {
      throw new IllegalArgumentException("a scene has no object");
    }
  }

  /** The objects, row by row. */
  public List<Cell.Filled> objects() {
    return cells.stream()
        .filter(Cell.Filled.class::isInstance)
        .map(Cell.Filled.class::cast)
        .toList();
  }

  /**
   * The whole scene as text, row by row: {@code red circle red, none, ...}. Also the text of a
   * clean caption.
   */
  public String scan() {
    return cells.stream().map(Cell::scan).collect(Collectors.joining(", "));
  }

  /** Indices of the cells whose object passes. */
  List<Integer> where(Predicate<Cell.Filled> test) {
    return IntStream.range(0, cells.size())
        .filter(index -> cells.get(index) instanceof Cell.Filled filled && test.test(filled))
        .boxed()
        .toList();
  }

  /** The object of a cell that is known to be filled. */
  Cell.Filled object(int index) {
    return switch (cells.get(index)) {
      case Cell.Filled filled -> filled;
      case Cell.Empty() -> throw new IllegalArgumentException("cell " + index + " is empty");
    };
  }

  /** A number that two equal scenes share, spread over all 64 bits; the split is read from it. */
  long fingerprint() {
    long hash = SeededStream.mix(grid);
    for (Cell cell : cells) {
      int code =
          switch (cell) {
            case Cell.Empty() -> 0;
            case Cell.Filled(Colour colour, Shape shape) ->
                1 + colour.ordinal() * 64 + shape.ordinal();
          };
      hash = SeededStream.mix(hash + code);
    }
    return hash;
  }
}
