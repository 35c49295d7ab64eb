package stillhouse.predict;

import java.io.Serializable;

/**
 * Who answers where a student is unsure.
 *
 * @param answers what it said, from a sample's row
 * @param prompts what it was asked about an image
 */
public record CascadeTeacher(RowLogits answers, PromptCount prompts) implements Serializable {}
