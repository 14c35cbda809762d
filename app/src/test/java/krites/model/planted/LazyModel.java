package krites.model.planted;

import krites.model.plain.PlainNetwork;

/** A network that computes with the twin instead of the script; see the architecture test. */
final class LazyModel {
  private final PlainNetwork twin;

  LazyModel(PlainNetwork twin) {
    this.twin = twin;
  }

  Object vision() {
    return twin.config();
  }
}
