package stillhouse.tracking;

import java.lang.reflect.Field;
import java.net.URI;
import org.mlflow.tracking.MlflowClient;
import org.mlflow_project.apachehttp.conn.ssl.NoopHostnameVerifier;
import org.mlflow_project.apachehttp.impl.client.CloseableHttpClient;
import org.mlflow_project.apachehttp.impl.client.HttpClientBuilder;

/**
 * MLflow's client, which makes its HTTP client by itself and takes none. That one knows Java's
 * trust store alone and, told to ignore certificates, still refuses all but self-signed ones
 * (2.17.2). Where another's certificates are to be taken, its field is filled before it makes one.
 */
final class RestClient {
  private RestClient() {}

  static MlflowClient of(URI server, Credentials credentials) {
    var client = new MlflowClient(credentials.host(server.toString()));
    if (credentials.trust().whose() != TlsTrust.Whose.JAVAS) {
      give(client, http(credentials.trust()));
    }
    return client;
  }

  private static CloseableHttpClient http(TlsTrust trust) {
    HttpClientBuilder builder = HttpClientBuilder.create().setSSLContext(trust.context());
    return trust.whose() == TlsTrust.Whose.ANYONES
        ? builder.setSSLHostnameVerifier(NoopHostnameVerifier.INSTANCE).build()
        : builder.build();
  }

  private static void give(MlflowClient client, CloseableHttpClient http) {
    try {
      Field caller = MlflowClient.class.getDeclaredField("httpCaller");
      caller.setAccessible(true);
      Object of = caller.get(client);
      Field field = of.getClass().getDeclaredField("httpClient");
      field.setAccessible(true);
      field.set(of, http);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "Cannot give MLflow's client its certificates: it is another version than this was written for",
          e);
    }
  }
}
