package krites.model.qwen25vl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;

/** The tensors that the {@code vision} method of the network takes, for a batch of images. */
public final class VisionInputs {
  private VisionInputs() {}

  /**
   * Arguments of {@code vision} without the weights, in order.
   *
   * @param images at least one
   */
  public static NDList of(List<ProcessedImage> images, Qwen25VlConfig config, NDManager manager) {
    int values = config.vision().patchValues();
    int patches = images.stream().mapToInt(image -> image.grid().patches()).sum();
    // A buffer of this kind becomes a tensor as it is: any other is copied into such a one first.
    ByteBuffer pixels =
        manager.allocateDirect(Math.toIntExact((long) patches * values * Float.BYTES));
    FloatBuffer numbers = pixels.asFloatBuffer();
    for (ProcessedImage image : images) {
      numbers.put(image.pixelValues());
    }
    return of(
        manager.create(pixels, new Shape(patches, values), DataType.FLOAT32),
        images.stream().map(ProcessedImage::grid).toList(),
        config,
        manager);
  }

  /** As above, from pixel values (patches, values of a patch) that are on the device already. */
  public static NDList of(
      NDArray pixels, List<PatchGrid> grids, Qwen25VlConfig config, NDManager manager) {
    VisionLayout layout = VisionLayout.of(grids, config.vision());
    if (pixels.getShape().get(0) != layout.patches()) {
      throw new IllegalArgumentException(
          "pixel values of "
              + pixels.getShape().get(0)
              + " patches for grids of "
              + layout.patches());
    }
    NDList inputs = new NDList();
    inputs.add(pixels);
    inputs.add(manager.create(layout.rows()));
    inputs.add(manager.create(layout.columns()));
    inputs.add(manager.create(layout.order()));
    add(inputs, layout.windows(), manager);
    add(inputs, layout.frames(), manager);
    inputs.add(manager.create(layout.reverse()));
    return inputs;
  }

  private static void add(NDList inputs, VisionLayout.Segments segments, NDManager manager) {
    inputs.add(manager.create(segments.index()));
    inputs.add(
        booleans(segments.mask(), new Shape(segments.count(), 1, 1, segments.length()), manager));
    inputs.add(manager.create(segments.inverse()));
  }

  /** A boolean tensor of any shape. */
  public static NDArray booleans(boolean[] values, Shape shape, NDManager manager) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(values.length);
    for (boolean value : values) {
      bytes.put((byte) (value ? 1 : 0));
    }
    return manager.create(bytes.flip(), shape, DataType.BOOLEAN);
  }
}
