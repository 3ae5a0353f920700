/** The table of the programs whose output is understood, in the order in which they are asked. */
import { BorgJson, ResticJson, ResticText } from "./backups.js";
import { DrawnBar, Frame, Tqdm } from "./bars.js";
import { Cargo, Maven, Pytest } from "./builds.js";
import { CountLine, PercentLine } from "./counts.js";
import { BuildxJson, ComposeJson, DockerBuild, DockerPull } from "./docker.js";
import { Aria2, Curl, Wget, YtDlp } from "./downloads.js";
import { FfmpegProgress, FfmpegStatistics } from "./ffmpeg.js";
import { Apt, Npm, Pip } from "./packages.js";
import {
  APT_STATUS,
  AWS_S3,
  BARE_PERCENT,
  BORG,
  CTEST,
  DD,
  DNF,
  GIT,
  MAKE,
  PV,
  SCP,
  ZSTD,
} from "./patterns.js";
import type { ProgramRecogniser } from "./program.js";
import { json, text } from "./row.js";
import { RcloneJson, RcloneText, Rsync, Tar, Xz } from "./transfers.js";

const DIGITS = "0123456789";

/**
 * A program comes before a form that any program may print: the form knows less, and would take the
 * line of the program. A recogniser that needs lines without progress, such as the name of a file,
 * sees them only if no recogniser before it understood them, and only those that begin as its row
 * says.
 */
export const RECOGNISERS: readonly ProgramRecogniser[] = [
  json("{", () => new BuildxJson(), ["docker buildx", "steps", "`--progress rawjson`"]),
  json("{", () => new ComposeJson(), [
    "docker compose",
    "layers, images, containers",
    "`--progress json`",
  ]),
  text(`${DIGITS}abcdef`, () => new DockerPull(), ["docker pull, docker push", "layers"]),
  text("#", () => new DockerBuild(), ["docker build", "steps", "`--progress plain`"]),
  json("{", () => new ResticJson(), ["restic", "bytes, current file", "`--json`"]),
  json("{", () => new BorgJson(), [
    "borg",
    "bytes of the archive without a total; bytes or steps of the other commands",
    "`--log-json --progress`",
  ]),
  text(
    "/[pS",
    () => new ResticText(),
    ["restic", "bytes, packs, snapshots", "`RESTIC_PROGRESS_FPS=1` as a variable"],
    ["restic", "bytes, packs, snapshots", "", "tty"],
  ),
  text(/%|B O /, BORG, ["borg", "bytes or percent", "`--progress`"]),
  json("{", () => new RcloneJson(), ["rclone", "bytes", "`-v --use-json-log --stats 1s`"]),
  text(" TCE123", () => new RcloneText(), ["rclone", "bytes", "`-P`, or `-v --stats 1s`"]),
  json(" fsbtodp", () => new FfmpegProgress(), [
    "ffmpeg",
    "seconds of the output",
    "`-nostats -progress pipe:1`",
  ]),
  text(" fLs", () => new FfmpegStatistics(), ["ffmpeg", "seconds of the output"]),
  json("dp", APT_STATUS, ["apt-get", "percent", "`-o APT::Status-Fd=1`"]),
  text(
    ` PUSR${DIGITS}`,
    () => new Apt(),
    ["apt-get", "packages: unpacked, set up, removed"],
    ["apt-get", "percent of the download, then packages", "", "tty"],
  ),
  text(" ", DNF, ["dnf, yum", "packages"]),
  text(
    /Downloading |^Progress |[━╺]/,
    () => new Pip(),
    ["pip", "bytes of each file", "`--progress-bar raw`"],
    ["pip", "bytes of each file", "", "tty"],
  ),
  text(
    "n[(⸨",
    () => new Npm(),
    ["npm", "requests, without a total", "`--loglevel=http`"],
    ["npm up to 9", "percent of each phase", "", "tty"],
  ),
  text(/% \(|ing [a-z ]{3,40}: \d/, GIT, [
    "git",
    "objects of each phase",
    "`--progress` (clone, fetch, push, fsck)",
  ]),
  text(
    /B\/s/,
    () => new Rsync(),
    [
      "rsync",
      "percent of the bytes; no percent while rsync still lists files",
      "`--info=progress2 --no-inc-recursive`",
    ],
    ["rsync", "files", "`--progress`"],
  ),
  text(
    ` #-D${DIGITS}`,
    () => new Curl(),
    ["curl", "bytes of each transfer", "`-o FILE`"],
    ["curl", "percent", "`-# -o FILE`"],
  ),
  text(
    /^Length: |^Saving to: |%\[|K \.\.|<=>/,
    () => new Wget(),
    ["wget", "percent"],
    ["wget", "bytes of each file", "`--progress=bar:force`"],
  ),
  text(/^\[#|^\[DL:|Download complete/, () => new Aria2(), [
    "aria2c",
    "bytes of all downloads",
    "`--summary-interval=1`",
  ]),
  text(/B\/s /, SCP, ["scp, sftp", "percent of each file", "", "tty"]),
  text("[", () => new YtDlp(), ["yt-dlp", "bytes of each file"]),
  text("C", AWS_S3, ["aws s3", "bytes"]),
  text(/\/s\] \[/, PV, ["pv", "percent, or bytes where the size is not known", "`-f`"]),
  text(DIGITS, DD, ["dd", "bytes, without a total", "`status=progress`"]),
  text(
    "t",
    () => new Tar(),
    ["GNU tar", "records, without a total", "`--checkpoint=1000`"],
    ["GNU tar", "bytes, without a total", "`--checkpoint=1000 --checkpoint-action=echo=%T`"],
  ),
  text(/==>/, ZSTD, ["zstd", "bytes of each file", "`--progress`"]),
  text(/\(\d+\/\d+\)| % /, () => new Xz(), ["xz", "percent of each file", "`-v`", "tty"]),
  text("[", MAKE, ["make (of CMake)", "percent"]),
  text(` ${DIGITS}`, CTEST, ["ctest", "tests"]),
  text(/ items?\b|%\]|\/\d+\]/, () => new Pytest(), ["pytest", "percent of the tests"]),
  text("[", () => new Maven(), ["Maven", "modules", "`-B`"]),
  text(
    " ",
    () => new Cargo(),
    ["cargo", "crates", "", "tty"],
    [
      "cargo",
      "crates",
      "`CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=80` as variables",
    ],
  ),
  // Forms that any program may print.
  text(/%\||\/s\]/, () => new Tqdm(), ["tqdm (Python)", "count, or bytes"]),
  text(
    /%/,
    () => new DrawnBar(),
    ["e2fsck", "percent", "`-C 0`", "tty"],
    ["a drawn bar such as `[####----] 50%`", "percent"],
  ),
  text(/%/, BARE_PERCENT, ["a line such as `50%`", "percent"]),
  text(/%/, () => new PercentLine(), [
    "a line such as `Downloading: 45%` or `45% complete`",
    "percent",
  ]),
  text(
    /\d ?(?:\/|of) ?\d/,
    () => new CountLine(),
    ["ninja, meson, bazel, pacman, apk", "steps"],
    ["a line such as `[12/90] text` or `(12/90) text`", "steps"],
    ["a line such as `Step 3/12`, `Copying file 12 of 90` or `12/90 files`", "count"],
  ),
  // Any other recogniser would understand more of the frame. Every frame is read, and this reads no
  // line.
  text(/%/, () => new Frame(), [
    "a line that a carriage return replaces, with `45%` or `12/90`",
    "percent, or count",
  ]),
];
