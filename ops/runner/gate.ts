/** The sink of one attempt. */
import type { Masker } from "./masker.js";
import type { Sink } from "./sink.js";

/**
 * Masks the secrets of the attempt. Closes when the attempt is over, so that a forgotten timer does not write into the
 * files of the next attempt.
 */
export class Gate implements Sink {
  open = true;
  constructor(
    private readonly sink: Sink,
    readonly masker: Masker,
  ) {}

  event(...[body, durable]: Parameters<Sink["event"]>): void {
    if (this.open) this.sink.event(this.masker.maskEvent(body), durable);
  }

  line(...[stream, stage, text]: Parameters<Sink["line"]>): void {
    if (this.open) this.sink.line(stream, stage, this.masker.maskLine(text));
  }
}
