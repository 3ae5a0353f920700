/** The version both sides speak, carried by every request and reply as `Liveops-Version`. */
import manifest from "../package.json" with { type: "json" };

export const VERSION: string = manifest.version;

export const VERSION_HEADER = "liveops-version";

/** Whether two versions understand each other: the same major, and before 1.0 the same minor. */
export function compatible(a: string, b: string): boolean {
  const line = (version: string) => {
    const [major = "", minor = ""] = version.split(".");
    return major === "0" ? `0.${minor}` : major;
  };
  return line(a) === line(b);
}
