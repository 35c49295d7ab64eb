package stillhouse.decoder;

/**
 * What a two-way transformer carries from block to block.
 *
 * @param <T> tensors, or their names in a graph
 * @param tokens [P, N, C]
 * @param cells of the image, [P, L, C]
 */
record Streams<T>(T tokens, T cells) {}
