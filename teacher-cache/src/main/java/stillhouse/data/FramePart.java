package stillhouse.data;

import java.util.Optional;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * What of a frame becomes a sample.
 *
 * @param tile empty for the whole of it
 * @param counted the pixels of the frame that an evaluation counts in it: of a whole frame, which
 *     counts everywhere, and of a crop, which counts nowhere, empty
 */
record FramePart(Optional<Tile> tile, Optional<Tile> counted) {
  static final FramePart WHOLE = new FramePart(Optional.empty(), Optional.empty());

  Sha256 sampleId(String uri, Sha256 content) {
    Fingerprint id = Fingerprint.of("sample").add("uri", uri).add("content", content);
    tile.ifPresent(t -> id.add("tile", t)); // a whole image's id is of before there were tiles
    return id.digest();
  }

  ClassMask of(ClassMask frame) {
    return tile.map(t -> t.cut(frame)).orElse(frame);
  }

  static FramePart crop(Tile tile) {
    return new FramePart(Optional.of(tile), Optional.empty());
  }
}
