/**
 * The first line of a message. The message of a failed program ends with the last lines of its
 * output.
 */
export function firstLine(message: string): string {
  return message.split("\n", 1)[0]!;
}
