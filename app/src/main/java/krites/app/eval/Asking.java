package krites.app.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import krites.app.answer.Answer;
import krites.app.answer.AnsweringModel;
import krites.app.answer.AskStream;
import krites.app.answer.StopSignal;
import krites.app.display.ReadProgress;
import krites.app.display.Terminal;
import org.jspecify.annotations.Nullable;

/**
 * Asks a model about items, each with one prompt or several; an item becomes a record when all its
 * prompts are answered.
 *
 * @param model who is asked
 * @param records where records go; items that are there are not asked again
 * @param stop whether the user wants an end
 */
record Asking(AnsweringModel model, EvalFolder.Records records, StopSignal stop) {

  /**
   * An item and what is asked about it.
   *
   * @param recorder makes the record when all is answered
   */
  record Item(String id, List<AskStream.Ask> asks, Recorder recorder) {
    Item {
      asks = List.copyOf(asks);
    }
  }

  /** Turns answers into the rest of a record, which has the item's id. */
  interface Recorder {
    Map<String, @Nullable Object> record(List<List<Answer>> answers);
  }

  /**
   * Asks.
   *
   * @param items in order; made when they are due
   * @param total of all items, for the bar
   * @return items that were asked now
   * @throws krites.app.answer.Stopped if the user says so; what was answered is recorded
   */
  int run(Iterator<Item> items, int total) {
    try (ReadProgress bar =
        new ReadProgress(Terminal.standardError(), "asking", System::nanoTime)) {
      Walk walk = new Walk(items, total, bar);
      model.stream(walk, walk);
      return walk.asked;
    }
  }

  /** Where one prompt belongs. */
  private record Place(Item item, int index) {}

  /** An item some of whose prompts are answered. */
  private static final class Open {
    private final List<@Nullable List<Answer>> answers = new ArrayList<>();
    private String failure = "";
    private int left;

    Open(int asks) {
      for (int i = 0; i < asks; i++) {
        answers.add(null);
      }
      left = asks;
    }
  }

  private final class Walk implements Iterator<AskStream.Ask>, AskStream.Listener {
    private final Iterator<Item> items;
    private final int total;
    private final ReadProgress bar;
    private final Map<Integer, Place> places = new HashMap<>();
    private final Map<String, Open> open = new HashMap<>();
    private final List<Place> due = new ArrayList<>();
    private int next;
    private int done;
    private int asked;

    Walk(Iterator<Item> items, int total, ReadProgress bar) {
      this.items = items;
      this.total = total;
      this.bar = bar;
    }

    @Override
    public boolean hasNext() {
      while (due.isEmpty() && items.hasNext()) {
        Item item = items.next();
        if (records.has(item.id())) {
          done++;
          continue;
        }
        open.put(item.id(), new Open(item.asks().size()));
        for (int i = 0; i < item.asks().size(); i++) {
          due.add(new Place(item, i));
        }
      }
      return !due.isEmpty();
    }

    @Override
    public AskStream.Ask next() {
      if (!hasNext()) {
        throw new NoSuchElementException("every item was asked about");
      }
      Place place = due.removeFirst();
      places.put(next++, place);
      return place.item().asks().get(place.index());
    }

    @Override
    public void answered(int number, List<Answer> answers) {
      Place place = place(number);
      Open item = openItem(place);
      item.answers.set(place.index(), answers);
      settle(place.item(), item);
    }

    @Override
    public void failed(int number, String reason) {
      Place place = place(number);
      Open item = openItem(place);
      item.failure = reason;
      settle(place.item(), item);
    }

    private Place place(int number) {
      Place place = places.remove(number);
      if (place == null) {
        throw new IllegalStateException("prompt " + number + " was not asked");
      }
      return place;
    }

    private Open openItem(Place place) {
      Open item = open.get(place.item().id());
      if (item == null) {
        throw new IllegalStateException("item " + place.item().id() + " is not open");
      }
      return item;
    }

    private void settle(Item item, Open answered) {
      answered.left--;
      if (answered.left > 0) {
        return;
      }
      open.remove(item.id());
      records.add(record(item, answered));
      done++;
      asked++;
      bar.reached(done, total);
    }

    private Map<String, @Nullable Object> record(Item item, Open answered) {
      Map<String, @Nullable Object> record = new LinkedHashMap<>();
      record.put("id", item.id());
      if (!answered.failure.isEmpty()) {
        record.put("failed", answered.failure);
        return record;
      }
      List<List<Answer>> answers = new ArrayList<>();
      for (List<Answer> each : answered.answers) {
        answers.add(each == null ? List.of() : each);
      }
      record.putAll(item.recorder().record(answers));
      return record;
    }

    @Override
    public boolean stopped() {
      return stop.asked();
    }
  }
}
