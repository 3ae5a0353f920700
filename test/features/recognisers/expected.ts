/** What a recording gives. */
interface Expected {
  /** The recognisers. Default: the one of the program, by the first word of the name. */
  by?: string[];
  /** Each bar from its first to its last figure. Default: none. */
  bars?: string[];
  /** Lines of the log. Default: 0. */
  log?: number;
}

export const EXPECTED: Readonly<Record<string, Expected>> = {
  "apt/fancy": {
    by: ["apt", "percent"],
    bars: [
      "Reading package lists: 0% → 99%",
      "Building dependency tree: 0% → 61%",
      "Reading state information: 0% → 0%",
      "download: 0% → 100%",
      "Reading database: 5% → 100%",
      "packages: 0% → 60%",
    ],
    log: 14,
  },
  "apt/pipe": {
    by: ["apt", "percent"],
    bars: ["Reading database: 5% → 100%", "packages: 1/4 steps → 4/4 steps"],
    log: 22,
  },
  "apt/remove-fd": { by: ["apt Status-Fd"], bars: ["packages: 0% → 80%"], log: 10 },
  "apt/status-fd": {
    by: ["apt Status-Fd"],
    bars: ["download: 0% → 100%", "packages: 0% → 92.3077%"],
    log: 1,
  },
  "apt/tty": {
    by: ["apt", "percent"],
    bars: [
      "Reading package lists: 0% → 99%",
      "Building dependency tree: 0% → 50%",
      "Reading state information: 0% → 0%",
      "download: 0% → 100%",
      "Reading database: 5% → 100%",
      "packages: 1/4 steps → 4/4 steps",
    ],
    log: 22,
  },
  "apt/update": { by: [], log: 5 },
  "aria2/pipe": { bars: ["download: 1258291/4928307 B → 4928307/4928307 B"], log: 20 },
  "aria2/tty": { bars: ["download: 1258291/4928307 B → 4928307/4928307 B"], log: 8 },
  "borg/check-json": {
    by: ["borg --log-json"],
    bars: [
      "Checking segments: 1/10 → 10/10",
      "Verifying data: 1/110 → 110/110",
      "Checking archives: 1/2 → 2/2",
    ],
  },
  "borg/check-tty": {
    bars: ["Checking segments: 0% → 90%", "Checking archives: 0% → 50%"],
  },
  "borg/create": { bars: ["archive: 0/? B → 226580000/? B"], log: 1 },
  "borg/create-json": { by: ["borg --log-json"], bars: ["archive: 0/? B → 217558720/? B"] },
  "borg/delete-json": {
    by: ["borg --log-json"],
    bars: ["Decrementing references: 1/1 → 1/1", "Compacting segments: 1/15 → 15/15"],
  },
  "borg/extract": { bars: ["Extracting: 0% → 99%"], log: 1 },
  "borg/extract-json": {
    by: ["borg --log-json"],
    bars: ["Extracting: 877061/240000000 B → 240000000/240000000 B"],
  },
  "cargo/always": { bars: ["Building: 0/8 crates → 8/8 crates"], log: 9 },
  "cargo/pipe": { by: [], log: 9 },
  "cargo/tty": { bars: ["Building: 0/8 crates → 8/8 crates"], log: 9 },
  "ctest/parallel-tty": { bars: ["tests: 0/12 tests → 12/12 tests"], log: 11 },
  "ctest/pipe": { bars: ["tests: 1/12 tests → 12/12 tests"], log: 33 },
  "ctest/progress-pipe": { bars: ["tests: 1/12 tests → 12/12 tests"], log: 33 },
  "curl/bar": { bars: ["transfer: 3.9% → 100%"] },
  "curl/bar-no-length": { by: [], log: 1 },
  "curl/bar-tty": { bars: ["transfer: 3.9% → 100%"] },
  "curl/meter": { bars: ["transfer: 327680/4999168 B → 4999168/4999168 B"] },
  "curl/no-length": { bars: ["transfer: 1048576/? B → 2499584/? B"] },
  "curl/sequence": {
    bars: [
      "transfer: 262144/2499584 B → 2499584/2499584 B",
      "transfer 2: 2097152/4999168 B → 4999168/4999168 B",
    ],
  },
  "curl/two": { bars: ["transfers: 0/? B → 100%"] },
  "dd/progress": { bars: ["copy: 3211264/? B → 10000000/? B"], log: 3 },
  "docker/build-plain": { by: ["docker build"], bars: ["build: 0/3 steps → 3/3 steps"], log: 17 },
  "docker/buildx-rawjson": {
    by: ["buildx rawjson"],
    bars: ["build: 0/3 steps → 3/3 steps"],
    log: 1,
  },
  "docker/compose-json": {
    by: ["docker compose --progress json"],
    bars: [
      "images: 0/1 images → 0/1 images",
      "layers: 0/1 layers → 2/2 layers",
      "networks: 0/1 networks → 1/1 networks",
      "containers: 0/1 containers → 1/1 containers",
    ],
  },
  "docker/pull": { by: ["docker pull"], bars: ["layers: 1/3 layers → 3/3 layers"], log: 4 },
  "docker/pull-tty": { by: ["docker pull"], bars: ["layers: 0/2 layers → 2/2 layers"], log: 3 },
  "e2fsck/tty": { by: ["bar"], bars: ["fs.img: 0.4% → 100%"], log: 7 },
  "ffmpeg/make": { bars: ["time: 32.9/? s → 40/? s"], log: 16 },
  "ffmpeg/progress": {
    by: ["ffmpeg", "ffmpeg -progress"],
    bars: ["time: 3.1/40 s → 40/40 s"],
    log: 42,
  },
  "ffmpeg/progress-only": { by: ["ffmpeg -progress"], bars: ["time: 40/? s → 40/? s"] },
  "ffmpeg/stats": { bars: ["time: 10/40 s → 40/40 s"], log: 42 },
  "ffmpeg/tty": { bars: ["time: 14.6/40 s → 40/40 s"], log: 41 },
  "git/clone": {
    bars: [
      "Enumerating objects: 67/? → 67/?",
      "Counting objects: 1/67 → 67/67",
      "Compressing objects: 1/67 → 67/67",
      "Receiving objects: 1/67 → 67/67",
    ],
    log: 6,
  },
  "git/clone-tty": {
    bars: [
      "Enumerating objects: 67/? → 67/?",
      "Counting objects: 1/67 → 67/67",
      "Compressing objects: 1/67 → 67/67",
      "Receiving objects: 1/67 → 67/67",
    ],
    log: 6,
  },
  "git/fsck": {
    bars: [
      "Checking object directories: 256/256 → 256/256",
      "Checking objects: 0/67 → 67/67",
      "Verifying commits in commit graph: 1/1 → 1/1",
    ],
    log: 3,
  },
  "git/gc": {
    bars: [
      "Enumerating objects: 67/? → 67/?",
      "Counting objects: 1/67 → 67/67",
      "Compressing objects: 1/67 → 67/67",
      "Writing objects: 1/67 → 67/67",
      "Checking object directories: 256/256 → 256/256",
      "Checking objects: 0/67 → 67/67",
      "Verifying commits in commit graph: 1/1 → 1/1",
    ],
    log: 9,
  },
  "git/push": {
    bars: [
      "Enumerating objects: 67/? → 67/?",
      "Counting objects: 1/67 → 67/67",
      "Compressing objects: 1/67 → 67/67",
      "Writing objects: 1/67 → 67/67",
    ],
    log: 8,
  },
  "make/pipe": { bars: ["build: 12% → 100%"], log: 9 },
  "make/tty": { bars: ["build: 12% → 100%"], log: 9 },
  "maven/pipe": { bars: ["modules: 0/6 modules → 6/6 modules"], log: 55 },
  "ninja/pipe": { by: ["count"], bars: ["steps: 1/12 → 12/12"], log: 13 },
  "ninja/status": { by: ["count"], bars: ["steps: 1/12 → 12/12"], log: 13 },
  "ninja/tty": { by: ["count"], bars: ["steps: 0/12 → 12/12"], log: 2 },
  "npm/npm9-tty": { bars: ["idealTree: 0% → 50%", "reify: 50% → 100%"], log: 1 },
  "npm/pipe": { by: [], log: 1 },
  "npm/tty": { by: [], log: 1 },
  "npm/verbose": { bars: ["requests: 1/? requests → 4/? requests"], log: 5 },
  "pip/pipe": {
    bars: ["demo-1.0-py3-none-any.whl: 5000000/5000000 B → 5000000/5000000 B"],
    log: 4,
  },
  "pip/raw": { bars: ["demo-1.0-py3-none-any.whl: 0/5000731 B → 5000731/5000731 B"], log: 4 },
  "pip/tty": { bars: ["demo-1.0-py3-none-any.whl: 0/5000000 B → 5000000/5000000 B"], log: 4 },
  "pv/lines": { bars: ["rows: 40% → 100%"] },
  "pv/no-size": { bars: ["pv: 1258291/? B → 5001708/? B"] },
  "pv/numeric": { by: [], log: 2 },
  "pv/pipe": { bars: ["pv: 83% → 100%"] },
  "pv/tty": { bars: ["pv: 16% → 100%"] },
  "pytest/count": { bars: ["tests: 30/90 tests → 90/90 tests"], log: 11 },
  "pytest/pipe": { bars: ["tests: 33% → 100%"], log: 13 },
  "pytest/quiet": { bars: ["tests: 80% → 100%"], log: 5 },
  "pytest/tty": { bars: ["tests: 33% → 100%"], log: 13 },
  "pytest/verbose": { bars: ["tests: 3% → 100%"], log: 39 },
  "rclone/json": {
    by: ["rclone --use-json-log"],
    bars: ["transfer: 10600448/45000000 B → 45000000/45000000 B"],
    log: 11,
  },
  "rclone/progress": { bars: ["transfer: 5357175/44999639 B → 44999639/44999639 B"], log: 1 },
  "rclone/stats": { bars: ["transfer: 10600055/44999639 B → 44999639/44999639 B"], log: 12 },
  "rclone/stats-one-line": {
    bars: ["transfer: 10600055/44999639 B → 44999639/44999639 B"],
    log: 11,
  },
  "restic/backup-fps": {
    bars: ["data: 44115689/240000172 B → 240000172/240000172 B"],
    log: 6,
  },
  "restic/backup-json": {
    by: ["restic --json"],
    bars: ["data: 30641577/240000000 B → 240000000/240000000 B"],
    log: 1,
  },
  "restic/backup-tty": {
    bars: ["index files loaded: 0/? → 0/?", "data: 20205011/240000172 B → 240000172/240000172 B"],
    log: 8,
  },
  "restic/check-fps": { bars: ["snapshots: 1/1 → 1/1", "packs: 9/15 → 15/15"], log: 7 },
  "restic/check-tty": {
    bars: ["index files loaded: 1/1 → 1/1", "snapshots: 1/1 → 1/1", "packs: 6/15 → 15/15"],
    log: 9,
  },
  "restic/restore-json": {
    by: ["restic --json"],
    bars: ["data: 114515914/240000000 B → 240000000/240000000 B"],
    log: 1,
  },
  "restic/restore-tty": {
    bars: ["index files loaded: 1/1 → 1/1", "data: 119951852/240000172 B → 240000172/240000172 B"],
    log: 3,
  },
  "rsync/names": { bars: ["part-0.bin: 0% → 0%", "transfer: 11% → 100%"], log: 14 },
  "rsync/progress": {
    bars: ["part-0.bin: 0% → 0%", "files: 2/10 files → 10/10 files"],
    log: 14,
  },
  "rsync/progress2": { bars: ["transfer: 0% → 100%"] },
  "rsync/progress2-human": { bars: ["transfer: 0% → 100%"] },
  "scp/tty": { bars: ["disk.img: 0% → 100%"] },
  "tar/checkpoint": { bars: ["checkpoints: 500/? records → 4000/? records"], log: 1 },
  "tar/checkpoint-action": {
    bars: ["checkpoints: 500/? records → 4000/? records", "archive: 5109760/? B → 46069760/? B"],
  },
  "tqdm/no-total": { bars: ["progress: 0/? → 30000/?"] },
  "tqdm/pipe": {
    bars: ["progress: 0/90 → 90/90", "disk.img: 0/4770000 B → 4770000/4770000 B"],
  },
  "tqdm/tty": {
    bars: ["Epoch: 0/90 → 90/90", "disk.img: 0/4770000 B → 4770000/4770000 B"],
  },
  "wget/bar": { bars: ["x: 0/5000000 B → 5000000/5000000 B"], log: 6 },
  "wget/dot": { bars: ["x: 1% → 100%"], log: 6 },
  "wget/no-length": { bars: ["x: 0/? B → 2495611/? B"], log: 6 },
  "wget/quiet": { bars: ["small.img: 0% → 100%", "disk.img: 0% → 100%"] },
  "wget/tty": { bars: ["x: 0/5000000 B → 5000000/5000000 B"], log: 6 },
  "wget/two": {
    bars: [
      "d2/small.img: 0/2500000 B → 2500000/2500000 B",
      "d2/disk.img: 0/5000000 B → 5000000/5000000 B",
    ],
    log: 19,
  },
  "xz/tty": { bars: ["src/part-0.bin: 67.8% → 100%"], log: 1 },
  "yt-dlp/newline": { bars: ["film.mp4: 0/2495611 B → 2495611/2495611 B"], log: 4 },
  "yt-dlp/pipe": { bars: ["film.mp4: 0/2495611 B → 2495611/2495611 B"], log: 4 },
  "zstd/pipe": { bars: ["zstd: 0/5001708 B → 4718592/5001708 B"], log: 1 },
  "zstd/tty": {
    bars: [
      "src/part-0.bin: 0/5001708 B → 4718592/5001708 B",
      "src/part-1.bin: 1572864/5001708 B → 4718592/5001708 B",
      "zstd: 0/5001708 B → 0/5001708 B",
    ],
    log: 4,
  },
};
