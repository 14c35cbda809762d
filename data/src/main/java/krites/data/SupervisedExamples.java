package krites.data;

import krites.data.shapes.SupervisedItem;

/** Examples to imitate, with random access. Thread safe. */
public interface SupervisedExamples {
  /** Number of examples, at least 1. */
  long size();

  /** The example at an index from 0 to {@code size() - 1}. */
  SupervisedItem item(long index);
}
