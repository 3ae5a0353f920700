/** The programs whose every text says all that is to be known. */
import { patterns } from "./row.js";

export const BORG = patterns(
  "borg",
  {
    has: "B O ",
    text: /^(?<done>[\d.]+ [kMGTP]?i?B) O [\d.]+ [kMGTP]?i?B C [\d.]+ [kMGTP]?i?B D \d+ N ?(?<status>.*)$/,
    label: "archive",
    isSize: true,
  },
  {
    has: "%",
    text: /^ *(?<status>(?<percent>\d{1,3}\.\d)% (?<label>Extracting|Recreating)(?:: .*)?)$/,
    isFrame: true,
  },
  {
    has: "%",
    text: /^(?<status>(?<label>(?:Checking|Compacting|Decrementing|Deleting|Rebuilding|Verifying|Analyzing|Calculating|Pruning) [a-z ]{3,40}?) *(?<percent>\d{1,3}(?:\.\d{1,2})?)%)$/,
    isFrame: true,
  },
);

/** The file descriptor of `APT::Status-Fd`. */
export const APT_STATUS = patterns(
  "apt Status-Fd",
  {
    has: "dlstatus:",
    text: /^dlstatus:[^:]{1,80}(?::[a-z0-9]{1,16})?:(?<percent>\d{1,3}(?:\.\d+)?):(?<status>.*)$/,
    label: "download",
  },
  {
    has: "pmstatus:",
    text: /^pmstatus:[^:]{1,80}(?::[a-z0-9]{1,16})?:(?<percent>\d{1,3}(?:\.\d+)?):(?<status>.*)$/,
    label: "packages",
  },
);

/** Downloads are read as counts in brackets. */
export const DNF = patterns(
  "dnf",
  {
    has: "  Verifying ",
    text: /^ {2}Verifying +: .{1,200} (?<done>\d+)\/(?<total>\d+)$/,
    label: "verification",
    unit: "steps",
    log: /./,
  },
  {
    has: " : ",
    text: /^ {2}(?:Installing|Upgrading|Reinstalling|Downgrading|Cleanup|Erasing|Removing|Obsoleting) +: .{1,200} (?<done>\d+)\/(?<total>\d+)$/,
    label: "packages",
    unit: "steps",
    log: /./,
  },
);

/** The phases of clone, fetch, push, gc, fsck and checkout. */
export const GIT = patterns(
  "git",
  {
    has: "% (",
    text: /^(?:remote: )?(?<label>[A-Z][A-Za-z' -]{2,60}): +\d{1,3}% \((?<done>\d+)\/(?<total>\d+)\)(?:, .{1,80})?$/,
    log: /done\.$/,
  },
  {
    has: ": ",
    text: /^(?:remote: )?(?<label>(?:Enumerating|Counting|Finding|Unpacking|Checking|Writing) [a-z ]{3,40}): (?<done>\d+)(?:, done\.)?$/,
    log: /done\.$/,
  },
);

export const SCP = patterns("scp", {
  has: "B/s ",
  text: /^(?<label>.*\S) +(?<percent>\d{1,3})% +[\d.]+(?:[KMGT]?B)? +[\d.]+[KMGT]?B\/s +(?:--:--|\d+:\d\d(?::\d\d)?|- stalled -)(?: ETA)?$/,
});

/** `aws s3 cp` and `aws s3 sync`. The total grows while aws still lists files. */
export const AWS_S3 = patterns("aws s3", {
  has: "Completed ",
  text: /^Completed ~?(?<done>[\d.]+ (?:[KMGT]i)?B(?:ytes)?)\/~?(?<total>[\d.]+ (?:[KMGT]i)?B(?:ytes)?) \([\d.]+ (?:[KMGT]i)?B(?:ytes)?\/s\) with /,
  label: "transfer",
  isSize: true,
});

export const PV = patterns(
  "pv",
  {
    has: "/s] [",
    text: /^ *(?:(?<label>[^:]{1,80}): +)?(?<done>[\d.]+ ?[kKMGTP]?i?B) +\d+:\d\d:\d\d(?::\d\d)? \[ *[\d.]+ ?[kKMGTP]?i?B\/s\] \[(?:[=> <]*\] *(?<percent>\d{1,3})%)?/,
    label: "pv",
    isSize: true,
  },
  {
    has: "/s] [",
    text: /^ *(?:(?<label>[^:]{1,80}): +)?(?<done>[\d.]+ ?[kKMGTP]?) +\d+:\d\d:\d\d(?::\d\d)? \[ *[\d.]+ ?[kKMGTP]?\/s\] \[(?:[=> <]*\] *(?<percent>\d{1,3})%)?/,
    label: "pv",
    isSize: true,
    unit: null,
  },
);

export const DD = patterns("dd", {
  has: " copied, ",
  text: /^(?<done>\d+) bytes(?: \([^()]{1,40}\))? copied, \d+(?:[.,e-]\d+)* s, /,
  label: "copy",
  isSize: true,
  // The statistics at the end have decimals of a second.
  log: / copied, \d+[.,e-]/,
});

/** The percentage after the arrow is the ratio of the compression, not progress. */
export const ZSTD = patterns("zstd", {
  has: "==>",
  text: /(?:\bCurrent: (?<label>.{1,200}?) +)?\bRead ?: +(?<done>[\d.]+ +(?:[KMGT]?i?B)) \/ +(?<total>[\d.]+ +(?:[KMGT]?i?B)) ==> /,
  label: "zstd",
  isSize: true,
});

export const MAKE = patterns("make", {
  has: "%] ",
  text: /^\[ *(?<percent>\d{1,3})%\] \S/,
  label: "build",
  log: "lines",
});

export const CTEST = patterns("ctest", {
  has: " Test ",
  text: /^ *(?<done>\d+)\/(?<total>\d+) Test +#\d+: \S/,
  label: "tests",
  unit: "tests",
  log: "lines",
});

export const BARE_PERCENT = patterns("bare percent", {
  has: "%",
  text: /^\s{0,40}(?<percent>\d{1,3}(?:\.\d{1,6})?) ?%$/,
});
