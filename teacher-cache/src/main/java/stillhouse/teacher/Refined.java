package stillhouse.teacher;

import java.util.Optional;
import stillhouse.tensor.FloatTensor;

/**
 * The answer to one round of {@link Clicks}.
 *
 * @param carried the same mask as the next round takes it: logits [h, w] over the network's whole
 *     input, padding included. Empty where the decoder takes no mask, or its file gives masks of
 *     the image's own size alone
 */
public record Refined(MaskAnswer answer, Optional<FloatTensor> carried) {}
