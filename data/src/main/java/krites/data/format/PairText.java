package krites.data.format;

import java.util.Optional;

/** What a critic is shown of a pair. */
public sealed interface PairText {
  /** Question and responses, where they are known one by one. */
  Optional<Fields> fields();

  /** The same with the responses in the other order; empty if the text cannot be taken apart. */
  Optional<PairText> exchanged();

  /** The three parts, to be put into Krites' own wording. */
  record Fields(String question, String first, String second) implements PairText {
    @Override
    public Optional<Fields> fields() {
      return Optional.of(this);
    }

    @Override
    public Optional<PairText> exchanged() {
      return Optional.of(new Fields(question, second, first));
    }
  }

  /** A prompt that the data set words itself; it is shown letter by letter. */
  record Whole(String text) implements PairText {
    @Override
    public Optional<Fields> fields() {
      return BracketedPair.in(text).map(BracketedPair::fields);
    }

    @Override
    public Optional<PairText> exchanged() {
      return BracketedPair.in(text).map(pair -> new Whole(pair.exchanged()));
    }
  }
}
