/** The first line of a message. That of a program's failure has the last lines of its output after it. */
export function firstLine(message: string): string {
  return message.split("\n", 1)[0]!;
}
