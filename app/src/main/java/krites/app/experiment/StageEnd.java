package krites.app.experiment;

import java.nio.file.Path;
import java.util.Map;

/**
 * What a stage leaves for the next.
 *
 * @param model the directory of the model
 * @param settings of the next stage that name other things it left, such as data that it made
 */
record StageEnd(Path model, Map<String, String> settings) {
  StageEnd {
    settings = Map.copyOf(settings);
  }
}
