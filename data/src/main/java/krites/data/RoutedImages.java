package krites.data;

import java.io.IOException;
import java.util.Map;
import krites.grpo.ImageRef;
import krites.grpo.port.ImageStore;

/**
 * Several image stores as one, told apart by how a name begins ({@code shapes:}).
 *
 * @param schemes stores by the prefix of their names
 * @param others what reads all other names
 */
public record RoutedImages(Map<String, ImageStore> schemes, ImageStore others)
    implements ImageStore {
  public RoutedImages {
    schemes = Map.copyOf(schemes);
  }

  @Override
  public byte[] read(ImageRef image) throws IOException {
    for (var scheme : schemes.entrySet()) {
      if (image.name().startsWith(scheme.getKey())) {
        return scheme.getValue().read(image);
      }
    }
    return others.read(image);
  }
}
