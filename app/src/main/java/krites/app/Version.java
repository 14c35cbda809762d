package krites.app;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.IVersionProvider;

/** The version of the build, as Maven wrote it into a resource. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() throws IOException {
    try (InputStream text = Version.class.getResourceAsStream("/krites/version.txt")) {
      if (text == null) {
        throw new IOException("resource krites/version.txt is missing");
      }
      return new String[] {
        new String(text.readAllBytes(), StandardCharsets.UTF_8).strip(), "Java " + Runtime.version()
      };
    }
  }
}
