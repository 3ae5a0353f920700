/**
 * The version of the client and the daemon, sent with every request and reply as `Liveops-Version`.
 */
import manifest from "../package.json" with { type: "json" };

export const VERSION: string = manifest.version;

export const VERSION_HEADER = "liveops-version";

/**
 * In a reply of a host without its engine: the time of the loss. The reply shows the state at that
 * time.
 */
export const STALE_HEADER = "liveops-stale-since";

/** In a reply: the clock of the daemon, which all its hosts share, in ms since 1970. */
export const CLOCK_HEADER = "liveops-clock";

/** In the reply to a submit: what the submitter should know, percent-encoded. */
export const WARNING_HEADER = "liveops-warning";

/**
 * Whether two versions are compatible: the same major version; before 1.0, the same minor version.
 */
export function compatible(a: string, b: string): boolean {
  const line = (version: string) => {
    const [major = "", minor = ""] = version.split(".");
    return major === "0" ? `0.${minor}` : major;
  };
  return line(a) === line(b);
}
