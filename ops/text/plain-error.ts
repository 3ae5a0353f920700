/** A failure of the shipped operations that is no fault in their code: its words are enough, it carries no stack. */
export class PlainError extends Error {
  override name = "PlainError";

  constructor(message: string) {
    super(message);
    delete this.stack;
  }
}
