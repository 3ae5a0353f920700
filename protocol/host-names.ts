/** Names and tags of hosts. A tag stands in lists such as `gpu,eu`, so it has no comma. */
import type { Zod } from "./submit-field.js";

/** As DNS names, and with `_`, which names of machines may have too. */
export const HOST_PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** Most characters of the name of a host. */
export const MAX_HOST = 253;

export const TAG_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:=/-]*$/;

/** Most characters of a tag. */
export const MAX_TAG = 64;

/** Most tags of a host, or of an operation. */
export const MAX_TAGS = 32;

export const hostName = (z: Zod) =>
  z
    .string()
    .check(
      z.maxLength(MAX_HOST),
      z.regex(
        HOST_PATTERN,
        "must be the name of a host: letters, digits, ., _ and -, such as build-2",
      ),
    );
