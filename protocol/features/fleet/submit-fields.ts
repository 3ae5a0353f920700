/** The fields that place an operation on the hosts of a fleet. */
import { UsageError } from "../../failures.js";
import { MAX_TAG, MAX_TAGS, TAG_PATTERN } from "../../host-names.js";
import { help, part, type SubmitField, words, type Zod } from "../../submit-field.js";

const tag = (z: Zod) =>
  z
    .string()
    .check(
      z.maxLength(MAX_TAG),
      z.regex(TAG_PATTERN, "must be a tag of letters, digits and . _ : = / -, such as gpu"),
    );
const tags = (z: Zod) => z.array(tag(z)).check(z.maxLength(MAX_TAGS));

export const FLEET_FIELDS = {
  tags: {
    group: "hosts",
    flag: {
      name: "--tag <tag>",
      help: help(
        "Run only on a host with this tag (repeatable)",
        'Run only on a host with this tag (repeatable); "": no tags',
      ),
      isList: true,
      fields(list: string[], form) {
        if (list.length > 0 || form === "again") return { tags: list };
        throw new UsageError("--tag needs a tag; liveops hosts lists the tags of each host");
      },
    },
    submit: part(tags, "tags that a host must have to run the operation"),
    again: part(tags, "all tags that a host must have to run the operation; empty: none"),
    record: part(
      (z) => z.optional(tags(z)),
      "Tags that a host must have to run the operation; absent or empty: none",
    ),
    isRepeated: true,
    normal: (list: string[]) => [...new Set(list)],
    row: { label: "hosts with", kind: "place" },
  },
  requires: {
    group: "type",
    record: part(
      (z) => z.optional(words(z)),
      "Tags that the type requires of a host of a fleet, from `static requires`; absent: none",
    ),
    type: part(words, "tags that a host of a fleet must have to run it"),
    says: (requires: string[]) => (requires.length === 0 ? {} : { requires }),
  },
  hosts: {
    group: "type",
    type: part(
      (z) => z.enum(["same", "any"]),
      "host of an operation that follows another one in a chain: the same, or any that fits",
    ),
    says: (hosts: string) => (hosts === "any" ? { on: null } : {}),
  },
  partition: {
    group: "type",
    type: part(
      (z) => z.enum(["end", "finish"]),
      "a running operation whose host is cut off from the fleet: its processes are killed, or it runs to its end",
    ),
    usual: "end",
  },
  fence: {
    group: "run",
    started: part(
      (z) => z.optional(z.int()),
      "greater than that of every earlier start; absent without a fleet",
    ),
  },
} satisfies Record<string, SubmitField>;
