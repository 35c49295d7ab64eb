package stillhouse.quantize;

/** Which runtime an INT8 file is spelled for. Both round the same ranges to 8 bits. */
public enum Target {
  /**
   * TensorRT takes signed activations around 0 alone, sums up in float biases, and fuses what it
   * will: pairs stand before products and residual sums, and nowhere else.
   */
  TENSORRT,
  /**
   * ONNX Runtime on a CPU has unsigned kernels, which want a pair behind each node too, biases in
   * INT32, and a Relu that the range itself cuts off.
   */
  CPU,
  /** Whatever has DequantizeLinear: weights alone are INT8, and what is computed stays float. */
  WEIGHTS
}
