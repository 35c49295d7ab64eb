package stillhouse.tracking;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Whose certificates are taken for the server's, by the variables of MLflow's Python client: {@code
 * MLFLOW_TRACKING_SERVER_CERT_PATH}, {@code MLFLOW_TRACKING_INSECURE_TLS}.
 *
 * @param context that says so to a client
 */
record TlsTrust(Whose whose, SSLContext context) {
  private static final String AUTHORITIES = "MLFLOW_TRACKING_SERVER_CERT_PATH";
  private static final String INSECURE = "MLFLOW_TRACKING_INSECURE_TLS";

  /** Whose certificates are taken. */
  enum Whose {
    /** Those that Java's trust store vouches for: its own, or javax.net.ssl.trustStore. */
    JAVAS,
    /** Those that the authorities of a PEM file vouch for, and no others. */
    AUTHORITIES,
    /** Anyone's, by whatever name. */
    ANYONES
  }

  /**
   * @param environment with MLflow's variables
   * @throws TrackingException where they contradict each other, or the file holds no certificates
   */
  static TlsTrust of(Map<String, String> environment) {
    boolean insecure = isTrue(environment.getOrDefault(INSECURE, ""));
    String file = environment.getOrDefault(AUTHORITIES, "");
    if (insecure && !file.isEmpty()) {
      throw new TrackingException(
          "Cannot take any certificate (%s) and only those of %s (%s): unset one of the two"
              .formatted(INSECURE, file, AUTHORITIES));
    }
    try {
      if (insecure) {
        return new TlsTrust(Whose.ANYONES, context(new AnyCertificate()));
      }
      return file.isEmpty()
          ? new TlsTrust(Whose.JAVAS, SSLContext.getDefault())
          : new TlsTrust(Whose.AUTHORITIES, context(managers(Path.of(file))));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Cannot set up TLS: " + e.getMessage(), e);
    }
  }

  private static boolean isTrue(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "1" -> true;
      case "", "false", "0" -> false;
      default ->
          throw new TrackingException(
              "Invalid %s: %s (must be one of [true, 1, false, 0])".formatted(INSECURE, text));
    };
  }

  private static SSLContext context(TrustManager... managers) throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers, null);
    return context;
  }

  private static TrustManager[] managers(Path file) throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store(file));
    return factory.getTrustManagers();
  }

  private static KeyStore store(Path file) throws GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    try (InputStream in = Files.newInputStream(file)) {
      store.load(null, null);
      int i = 0;
      for (Certificate certificate : certificates(in)) {
        store.setCertificateEntry("authority-" + i++, certificate);
      }
    } catch (IOException | CertificateException e) {
      throw new TrackingException(
          "Cannot read %s %s (must be a PEM file of one certificate or more): %s"
              .formatted(AUTHORITIES, file, e),
          e);
    }
    return store;
  }

  private static Collection<? extends Certificate> certificates(InputStream in)
      throws CertificateException {
    var found = CertificateFactory.getInstance("X.509").generateCertificates(in);
    if (found.isEmpty()) {
      throw new CertificateException("it holds none");
    }
    return found;
  }

  /** What a connection that TLS ended means to who asked: what was wrong, and what mends it. */
  TrackingException refusal(String asked, URI server, SSLException e) {
    Throwable reason = e;
    boolean certificate = false;
    while (reason.getCause() != null) {
      reason = reason.getCause();
      certificate |= reason instanceof CertificateException;
    }
    return new TrackingException(
        "Cannot %s at %s: %s: %s. %s"
            .formatted(
                asked,
                server,
                certificate ? "its certificate is refused" : "TLS failed",
                Objects.requireNonNullElse(reason.getMessage(), reason.toString()),
                certificate ? remedy() : "Is it http:// that the server speaks?"),
        e);
  }

  private String remedy() {
    return (whose == Whose.AUTHORITIES
            ? "It is held against the authorities of " + AUTHORITIES + " alone: set that"
            : "Set " + AUTHORITIES)
        + " to a PEM file of the authorities that sign it (of itself where it is self-signed), name the server as the certificate does, or set "
        + INSECURE
        + "=true to take any";
  }
}
