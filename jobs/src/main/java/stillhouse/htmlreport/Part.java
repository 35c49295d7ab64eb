package stillhouse.htmlreport;

import stillhouse.metrics.SegmentationCounts;

/**
 * A model's score on some of the images.
 *
 * @param by what parts them: {@code size}, {@code class}
 * @param of which part
 */
public record Part(String by, String of, String model, SegmentationCounts counts) {}
