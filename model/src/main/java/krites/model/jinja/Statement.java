package krites.model.jinja;

import java.util.List;
import java.util.Optional;

/** A parsed piece of a template; {@code line} is where it begins. */
sealed interface Statement {
  record Text(String text) implements Statement {}

  record Output(Expression expression) implements Statement {}

  /** The first branch whose condition holds, else {@code otherwise}. */
  record If(List<Branch> branches, List<Statement> otherwise) implements Statement {}

  record Branch(Expression condition, List<Statement> body) {}

  /**
   * A loop.
   *
   * @param names one, or several that each item is taken apart into
   * @param filter items for which it does not hold are left out beforehand
   * @param otherwise what stands there when there are no items
   */
  record For(
      int line,
      List<String> names,
      Expression items,
      Optional<Expression> filter,
      List<Statement> body,
      List<Statement> otherwise)
      implements Statement {}

  /** {@code set name = value}. */
  record Set(String name, Expression value) implements Statement {}

  /** {@code set space.name = value}, for namespaces only. */
  record SetMember(int line, String space, String name, Expression value) implements Statement {}

  /** {@code set name} up to {@code endset}: the text between. */
  record SetText(String name, List<Statement> body) implements Statement {}

  /** {@code generation}: marks what the assistant said, and says nothing itself. */
  record Block(List<Statement> body) implements Statement {}

  record Break(int line) implements Statement {}

  record Continue(int line) implements Statement {}
}
