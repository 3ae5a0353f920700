/**
 * `~/.pgpass`, where PostgreSQL's own clients find passwords: lines
 * `host:port:database:user:password`, in which `*` stands for any value and a backslash precedes
 * `:` and `\`.
 *
 * @see https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface Login {
  host: string;
  port: number;
  database: string;
  user: string;
}

/** Bytes of a file that is read. */
const MOST_BYTES = 1024 * 1024;

/**
 * The password of the first line that fits; undefined where there is none. As libpq does, a file
 * that others can read is ignored.
 */
export function passwordOf(
  login: Login,
  env: Record<string, string | undefined>,
): string | undefined {
  const file = env.PGPASSFILE ?? join(homedir(), ".pgpass");
  let text: string;
  try {
    const { mode, size } = statSync(file);
    if ((mode & 0o077) !== 0 || size > MOST_BYTES) return undefined;
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  // A Unix socket in any directory is written as localhost.
  const host = login.host.startsWith("/") ? "localhost" : login.host;
  const wanted = [host, String(login.port), login.database, login.user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = fieldsOf(line);
    const fits = wanted.every((value, index) => fields[index] === "*" || fields[index] === value);
    if (fields.length >= 5 && fits) return fields[4];
  }
  return undefined;
}

function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  let field = "";
  for (let i = 0; i < line.length; i++) {
    if (line[i] === "\\" && i + 1 < line.length) field += line[++i];
    else if (line[i] === ":" && fields.length < 4) {
      fields.push(field);
      field = "";
    } else field += line[i];
  }
  return [...fields, field];
}
