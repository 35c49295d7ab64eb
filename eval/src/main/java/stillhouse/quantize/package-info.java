/** Students in INT8, as ONNX files that say where they round. */
package stillhouse.quantize;
