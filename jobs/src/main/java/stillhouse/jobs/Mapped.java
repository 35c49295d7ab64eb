package stillhouse.jobs;

import java.util.Iterator;
import java.util.function.Function;

/** An iterator over what a function makes of another one's elements, as they stream by. */
record Mapped<A, B>(Iterator<A> from, Function<A, B> function) implements Iterator<B> {
  static <A, B> Iterator<B> of(Iterator<A> from, Function<A, B> function) {
    return new Mapped<>(from, function);
  }

  @Override
  public boolean hasNext() {
    return from.hasNext();
  }

  @Override
  public B next() {
    return function.apply(from.next());
  }
}
