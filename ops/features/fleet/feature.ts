/** What an operation type says of the hosts of a fleet, and what its operations know of them. */
import { MAX_TAG, MAX_TAGS, TAG_PATTERN } from "../../../protocol/host-names.js";
import type { OperationStatics } from "../../sdk/statics.js";
import type { FeatureStatic } from "../../types/feature-static.js";

declare module "../../sdk/statics.js" {
  interface OperationStatics {
    /**
     * In a fleet: tags that a host must have to run an operation of the type, such as `["gpu"]`; at
     * most 32. The tags of the submit come on top. Default: none. One machine alone runs the
     * operation whatever its tags.
     */
    readonly requires?: readonly string[];
    /**
     * In a fleet: where an operation runs that follows another one in a chain. `"same"`: on the
     * host of the operation before, whose local files it may need. `"any"`: on any host that fits.
     * Another text is refused when the type loads, not by the compiler: `static hosts = "any"` is a
     * string to it. Default: `"same"`.
     */
    readonly hosts?: string;
    /**
     * In a fleet: what happens to a running operation when its host has no connection to the other
     * hosts for so long that these take over. `"end"`: its processes are killed before that, so
     * that no two attempts overlap. `"finish"`: it runs to its end, and no host ever takes it over.
     * Checked as `hosts`. Default: `"end"`.
     */
    readonly partition?: string;
  }
}

declare module "../../sdk/live-operation.js" {
  interface LiveOperation<T extends OperationStatics = OperationStatics> {
    /**
     * In a fleet: a whole number that is greater in each later attempt of any operation, also on
     * another host. Pass it to a system that can refuse a smaller one than it has seen: then an
     * attempt that was given up, and does not know it yet, changes nothing there. Null without a
     * fleet, in `liveops run` and in tests.
     */
    readonly fence: number | null;
  }
}

export const FLEET_FIELDS = { fence: null };

/** One of two texts; the first is the usual one. */
function choice<T extends string>(usual: T, other: T): FeatureStatic<T> {
  const fits = (value: unknown) => value === usual || value === other;
  return { usual, must: `"${usual}" or "${other}"`, fits };
}

const isTag = (tag: unknown) =>
  typeof tag === "string" && tag.length <= MAX_TAG && TAG_PATTERN.test(tag);

const requires: FeatureStatic<string[]> = {
  usual: [],
  must: `a list of at most ${MAX_TAGS} different tags, like ["gpu"], each of at most ${MAX_TAG} letters, digits and . _ : = / -`,
  fits: (value) =>
    Array.isArray(value) &&
    value.length <= MAX_TAGS &&
    value.every(isTag) &&
    new Set(value).size === value.length,
};

export const FLEET_STATICS = {
  requires,
  hosts: choice<"same" | "any">("same", "any"),
  partition: choice<"end" | "finish">("end", "finish"),
};
