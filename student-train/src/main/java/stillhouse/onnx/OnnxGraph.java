package stillhouse.onnx;

/** An ONNX graph under construction. */
public final class OnnxGraph {}
