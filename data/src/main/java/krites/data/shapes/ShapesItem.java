package krites.data.shapes;

import krites.grpo.ImageRef;

/**
 * One item of the world: a scene and a question about it, the same for every task.
 *
 * @param seed of the world
 * @param split part of the world that the scene belongs to
 * @param index within the split
 * @param scene what the picture shows
 * @param question what is asked
 * @param form wording of the question
 */
public record ShapesItem(
    long seed, Split split, long index, Scene scene, Question question, int form) {
  /** The question as text. */
  public String questionText() {
    return question.text(form);
  }

  /** The true answer. */
  public String answer() {
    return question.answer(scene);
  }

  /** The name from which {@link ShapesWorld} draws the picture. */
  public ImageRef image() {
    return new ImageRef(ShapesWorld.SCHEME + split.word() + "/" + seed + "/" + index);
  }
}
