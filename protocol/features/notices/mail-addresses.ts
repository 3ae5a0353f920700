/** Reads the addresses of a mail as the library does that sends the mail. */
import addressparser from "nodemailer/lib/addressparser";

/** Why the text is no list of mail addresses; null: it is. */
export function addressesProblem(text: string): string | null {
  const all = addressparser(text, { flatten: true });
  const isValid = all.length > 0 && all.every(({ address }) => /^[^@\s]+@[^@\s]+$/.test(address));
  // A line end would begin another header.
  return isValid && !/\p{Cc}/u.test(text)
    ? null
    : "must be mail addresses separated by commas, such as me@example.org";
}
