/** `--fleet`, `--host` and `--tags` of `liveops start`. */
import { InvalidArgumentError } from "commander";
import { isAddress, parseAddress, remoteOf } from "../../../protocol/client/address.js";
import { UsageError } from "../../../protocol/failures.js";
import {
  HOST_PATTERN,
  MAX_HOST,
  MAX_TAG,
  MAX_TAGS,
  TAG_PATTERN,
} from "../../../protocol/host-names.js";
import type { StartOption } from "../../cli/liveopsd/start-option.js";

export const fleet: StartOption = {
  flags: "--fleet <url>",
  description: "Join the fleet of this PostgreSQL database",
  parse: (url) => {
    // libpq also takes a user without a host, which is no valid URL.
    if (!/^[^/?]*:\/\/[^/?@]*:[^/?@]+@/.test(url) && !/[?&]password=/.test(url)) return url;
    // Not the error of the argument parser, which repeats the URL: errors are copied into tickets.
    throw new UsageError(
      "--fleet has a password, which other users of this machine can read",
      "put it into ~/.pgpass, or into the file that PGPASSFILE names",
    );
  },
};

export const host: StartOption = {
  flags: "--host <name>",
  description: "Name of this host in the fleet (default: that of the machine)",
  parse: (text) => {
    if (isAddress(text)) {
      const remote = remoteOf(parseAddress(text).options.remote);
      throw new UsageError(
        "--host is the name of this machine in its fleet, and not an address",
        remote === null
          ? "give a name such as a.example.com"
          : `to start the daemon there, run: ${remote.commandLine(["liveops", "start"])}`,
      );
    }
    if (!HOST_PATTERN.test(text) || text.length > MAX_HOST)
      throw new InvalidArgumentError("Give letters, digits and . _ -, such as a.example.com.");
    return text;
  },
};

export const tags: StartOption = {
  flags: "--tags <tags>",
  description: "Tags of this host in the fleet, such as gpu,eu",
  parse: (text) => {
    const tags = text.split(",").filter((tag) => tag !== "");
    const wrong = tags.find((tag) => !TAG_PATTERN.test(tag) || tag.length > MAX_TAG);
    if (wrong !== undefined)
      throw new InvalidArgumentError(
        `${JSON.stringify(wrong)} is not a tag: give letters, digits and . _ : = / -.`,
      );
    if (tags.length > MAX_TAGS) throw new InvalidArgumentError(`Give at most ${MAX_TAGS} tags.`);
    return tags;
  },
};
