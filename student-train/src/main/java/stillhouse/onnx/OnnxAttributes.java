package stillhouse.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import com.google.protobuf.ByteString;
import java.util.Arrays;

/** Attributes of ONNX nodes. */
public final class OnnxAttributes {
  private OnnxAttributes() {}

  public static AttributeProto integer(String name, long value) {
    return of(name, AttributeProto.AttributeType.INT).setI(value).build();
  }

  public static AttributeProto ints(String name, long... values) {
    return of(name, AttributeProto.AttributeType.INTS)
        .addAllInts(Arrays.stream(values).boxed().toList())
        .build();
  }

  public static AttributeProto real(String name, float value) {
    return of(name, AttributeProto.AttributeType.FLOAT).setF(value).build();
  }

  public static AttributeProto text(String name, String value) {
    return of(name, AttributeProto.AttributeType.STRING)
        .setS(ByteString.copyFromUtf8(value))
        .build();
  }

  private static AttributeProto.Builder of(String name, AttributeProto.AttributeType type) {
    return AttributeProto.newBuilder().setName(name).setType(type);
  }
}
