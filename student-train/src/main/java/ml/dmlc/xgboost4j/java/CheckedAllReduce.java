package ml.dmlc.xgboost4j.java;

import java.nio.ByteBuffer;

/**
 * The sum over ranks with its native return code checked. {@code Communicator.allReduce} of version
 * 3.0.4 drops that code, so that a dead peer leaves garbage in the buffer without an error. The
 * class stands in this package because {@code XGBoostJNI} is package-private; both must come from
 * one class loader.
 */
public final class CheckedAllReduce {
  private CheckedAllReduce() {}

  /**
   * Replaces the first {@code count} floats by their sum over ranks, in place.
   *
   * @param direct a direct buffer in native byte order
   * @throws XGBoostError where a peer is gone or the collective failed
   */
  public static void sum(ByteBuffer direct, int count) throws XGBoostError {
    XGBoostJNI.checkCall(
        XGBoostJNI.CommunicatorAllreduce(
            direct,
            count,
            Communicator.DataType.FLOAT32.getEnumOp(),
            Communicator.OpType.SUM.getOperand()));
  }
}
