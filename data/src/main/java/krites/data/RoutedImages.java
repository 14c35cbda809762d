package krites.data;

import java.io.IOException;
import java.util.Map;
import krites.data.shapes.ShapesWorld;
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

  /** Every kind of image that a prompt can name: the built-in world's, those in rows, files. */
  public static RoutedImages everywhere(ShapesWorld world) {
    return new RoutedImages(
        Map.of(ShapesWorld.SCHEME, world, EmbeddedImages.SCHEME, new EmbeddedImages()),
        new FileImages());
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
