package krites.model.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One run of a template: statements are carried out, text gathers. */
final class Rendering {
  /** How a body was left. */
  private enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  private final Budget budget = new Budget();
  private final Evaluation evaluation = new Evaluation(budget);
  private StringBuilder out = new StringBuilder();

  static String render(List<Statement> statements, Map<String, Value> variables) {
    Rendering rendering = new Rendering();
    rendering.run(statements, new Scope(new HashMap<>(variables), null));
    return rendering.out.toString();
  }

  private Flow run(List<Statement> statements, Scope scope) {
    for (Statement statement : statements) {
      Flow flow = run(statement, scope);
      if (flow != Flow.ON) {
        return flow;
      }
    }
    return Flow.ON;
  }

  private Flow run(Statement statement, Scope scope) {
    switch (statement) {
      case Statement.Text(String text) -> write(0, text);
      case Statement.Output(Expression expression) -> {
        Value value = evaluation.of(expression, scope);
        write(expression.line(), evaluation.printed(expression.line(), value));
      }
      case Statement.If(List<Statement.Branch> branches, List<Statement> otherwise) -> {
        for (Statement.Branch branch : branches) {
          if (evaluation.of(branch.condition(), scope).isTrue()) {
            return run(branch.body(), scope);
          }
        }
        return run(otherwise, scope);
      }
      case Statement.For loop -> {
        return loop(loop, scope);
      }
      case Statement.Set(String name, Expression value) ->
          scope.set(name, evaluation.of(value, scope));
      case Statement.SetMember(int line, String space, String name, Expression value) -> {
        if (!(scope.get(space) instanceof Value.Namespace(Map<String, Value> members))) {
          throw new JinjaException(line, "'" + space + "' is no namespace");
        }
        members.put(name, evaluation.of(value, scope));
      }
      case Statement.SetText(String name, List<Statement> body) -> {
        StringBuilder outside = out;
        out = new StringBuilder();
        run(body, new Scope(new HashMap<>(), scope));
        scope.set(name, Value.of(out.toString()));
        out = outside;
      }
      case Statement.Block(List<Statement> body) -> {
        return run(body, scope);
      }
      case Statement.Break _ -> {
        return Flow.BREAK;
      }
      case Statement.Continue _ -> {
        return Flow.CONTINUE;
      }
    }
    return Flow.ON;
  }

  private void write(int line, String text) {
    budget.letters(line, text.length());
    out.append(text);
  }

  private Flow loop(Statement.For loop, Scope scope) {
    List<Value> items = new ArrayList<>();
    for (Value item : evaluation.items(loop.line(), evaluation.of(loop.items(), scope))) {
      budget.step(loop.line());
      boolean kept =
          loop.filter().isEmpty()
              || evaluation.of(loop.filter().get(), bound(loop, item, scope)).isTrue();
      if (kept) {
        items.add(item);
      }
    }
    if (items.isEmpty()) {
      return run(loop.otherwise(), scope);
    }
    for (int index = 0; index < items.size(); index++) {
      budget.step(loop.line());
      Scope inside = bound(loop, items.get(index), scope);
      inside.set("loop", position(items, index));
      if (run(loop.body(), inside) == Flow.BREAK) {
        break;
      }
    }
    return Flow.ON;
  }

  private Scope bound(Statement.For loop, Value item, Scope scope) {
    Scope inside = new Scope(new HashMap<>(), scope);
    if (loop.names().size() == 1) {
      inside.set(loop.names().getFirst(), item);
      return inside;
    }
    List<Value> parts = evaluation.items(loop.line(), item);
    if (parts.size() != loop.names().size()) {
      throw new JinjaException(
          loop.line(), parts.size() + " values for " + loop.names().size() + " names");
    }
    for (int i = 0; i < parts.size(); i++) {
      inside.set(loop.names().get(i), parts.get(i));
    }
    return inside;
  }

  private static Value position(List<Value> items, int index) {
    int size = items.size();
    Map<String, Value> loop = new LinkedHashMap<>();
    loop.put("index", Value.of(index + 1L));
    loop.put("index0", Value.of(index));
    loop.put("revindex", Value.of(size - index));
    loop.put("revindex0", Value.of(size - index - 1L));
    loop.put("first", Value.of(index == 0));
    loop.put("last", Value.of(index == size - 1));
    loop.put("length", Value.of(size));
    if (index > 0) {
      loop.put("previtem", items.get(index - 1));
    }
    if (index < size - 1) {
      loop.put("nextitem", items.get(index + 1));
    }
    return new Value.Table(loop);
  }
}
