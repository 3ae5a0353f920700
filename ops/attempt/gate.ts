/** The sink of one attempt. */
import type { Sink } from "./sink.js";

/**
 * Closes when the attempt is over, so that a forgotten timer does not write into the files of the next attempt.
 */
export class Gate implements Sink {
  open = true;

  constructor(private readonly sink: Sink) {}

  get masker() {
    return this.sink.masker;
  }

  event(...[body, durable]: Parameters<Sink["event"]>): void {
    if (this.open) this.sink.event(body, durable);
  }

  line(...[stream, stage, text]: Parameters<Sink["line"]>): void {
    if (this.open) this.sink.line(stream, stage, text);
  }
}
