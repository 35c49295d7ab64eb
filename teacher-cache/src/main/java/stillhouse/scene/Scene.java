package stillhouse.scene;

import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;

/** A drawn inspection picture and the classes of its pixels ({@link Scenes#CLASSES}). */
public record Scene(RgbImage image, ClassMask mask) {}
