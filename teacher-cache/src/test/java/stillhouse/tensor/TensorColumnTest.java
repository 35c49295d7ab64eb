package stillhouse.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;

class TensorColumnTest {
  private static final FloatTensor TENSOR =
      new FloatTensor(new int[] {1, 2, 2}, new float[] {0.1f, -3f, 1e-7f, 65504f});

  @Test
  void singlePrecisionIsKeptBitForBit() {
    FloatTensor back = TensorColumn.decode(TensorColumn.encode(TENSOR, DType.FP32));
    assertThat(back.shape()).containsExactly(1, 2, 2);
    assertThat(back.data()).containsExactly(TENSOR.data());
  }

  @Test
  void halfPrecisionIsKeptToHalfAStep() {
    FloatTensor back = TensorColumn.decode(TensorColumn.encode(TENSOR, DType.FP16));
    assertThat(back.data()).containsExactly(0.099975586f, -3f, 1.1920929e-7f, 65504f);
  }

  @Test
  void eightBitsHaveAScaleAndAZeroPointAChannel() {
    var two = new FloatTensor(new int[] {2, 1, 2}, new float[] {-1f, 253f, 3f, 130f});
    Row row = TensorColumn.encode(two, DType.INT8);
    assertThat(row.getString(0)).isEqualTo("int8");
    assertThat((Float[]) row.get(2)).containsExactly(1f, 0.5f);
    assertThat((Integer[]) row.get(3)).containsExactly(-127, -134);
    assertThat((byte[]) row.get(5)).containsExactly(-128, 126, -128, 126);
    FloatTensor back = TensorColumn.decode(row);
    assertThat(back.shape()).containsExactly(2, 1, 2);
    assertThat(back.data()).containsExactly(two.data());
  }

  @Test
  void refusesEightBitsWithoutAScaleForEachChannel() {
    Row row = TensorColumn.encode(TENSOR, DType.INT8);
    Row bare = RowFactory.create("int8", row.get(1), row.get(2), null, row.getLong(4), row.get(5));
    assertThatThrownBy(() -> TensorColumn.decode(bare))
        .hasMessage(
            "Cannot decode tensor: int8 of shape [1, 2, 2] takes 1 scales and zero points, found 1"
                + " and 0. The file is damaged: 'verify' names it, 'cache --repair' takes it out"
                + " and asks the teacher again.");
  }

  @Test
  void refusesADamagedScale() {
    Row row = TensorColumn.encode(TENSOR, DType.INT8);
    row.<Float[]>getAs(2)[0] *= 2;
    assertThatThrownBy(() -> TensorColumn.decode(row))
        .hasMessageContaining("crc32c of its 4 bytes is");
  }

  @Test
  void bytesAreLittleEndian() {
    var one = new FloatTensor(new int[] {1}, new float[] {1f});
    assertThat((byte[]) TensorColumn.encode(one, DType.FP32).get(5))
        .containsExactly(0, 0, 0x80, 0x3f);
    assertThat((byte[]) TensorColumn.encode(one, DType.FP16).get(5)).containsExactly(0, 0x3c);
  }

  @Test
  void checksumIsCastagnolis() {
    assertThat(TensorColumn.crc32c("123456789".getBytes(StandardCharsets.US_ASCII)))
        .isEqualTo(0xe3069283L);
  }

  @Test
  void refusesDamagedBytes() {
    Row row = TensorColumn.encode(TENSOR, DType.FP16);
    row.<byte[]>getAs(5)[3] ^= 1;
    assertThatThrownBy(() -> TensorColumn.decode(row))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("crc32c of its 8 bytes is")
        .hasMessageContaining("stored was");
  }

  @Test
  void refusesAShapeThatItsBytesDoNotFill() {
    Row row = TensorColumn.encode(TENSOR, DType.FP16);
    Row other =
        RowFactory.create("fp16", new Integer[] {3, 2}, null, null, row.getLong(4), row.get(5));
    assertThatThrownBy(() -> TensorColumn.decode(other))
        .hasMessageContaining("shape [3, 2] of fp16 takes 12 bytes, found 8");
  }

  @Test
  void refusesAValueThatItsTypeCannotHold() {
    assertThatThrownBy(() -> TensorColumn.encode(tensor(1f, Float.NaN), DType.FP32))
        .hasMessage("Invalid value for fp32: NaN at element 1 (must be finite)");
    assertThatThrownBy(() -> TensorColumn.encode(tensor(65505f, 0f), DType.FP16))
        .hasMessage(
            "Invalid value for fp16: 65505.0 at element 0 (must be finite and within ±65504)");
  }

  private static FloatTensor tensor(float... values) {
    return new FloatTensor(new int[] {values.length}, values);
  }

  @Test
  void refusesAnUnknownType() {
    Row row = RowFactory.create("bf16", new Integer[] {0}, null, null, 0L, new byte[0]);
    assertThatThrownBy(() -> TensorColumn.decode(row))
        .hasMessage("Invalid tensor type: 'bf16' (known: fp32, fp16, int8)");
  }
}
