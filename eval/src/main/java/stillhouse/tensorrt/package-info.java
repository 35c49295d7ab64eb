/** Builds TensorRT engines where there is a GPU for them, and says so where there is none. */
package stillhouse.tensorrt;
