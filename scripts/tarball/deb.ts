/** The Debian package of a tree: the same files below /usr. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { manifest, ROOT, type Target } from "./packages.js";
import { BINS, filesIn, pathsIn } from "./tree.js";

const ARCHITECTURES: Partial<Record<Target, string>> = { "linux-x64": "amd64", "linux-arm64": "arm64" };

const MAINTAINER = "The liveops authors <liveops@users.noreply.github.com>";

/** What lintian(1) expects of programs that Debian builds, and why these differ. */
const OVERRIDES = `# Node, esbuild and the pty are the files of their authors, byte for byte, as the SBOM names them.
liveops: unstripped-binary-or-object [usr/lib/liveops/*]
liveops: hardening-no-pie [usr/lib/liveops/node/bin/node]
liveops: embedded-library zlib [usr/lib/liveops/node/bin/node]
# A program in Go.
liveops: statically-linked-binary [usr/lib/liveops/app/node_modules/@esbuild/*]
# Modules that the Node of this package loads; nobody runs them as programs.
liveops: script-not-executable [usr/lib/liveops/app/node_modules/tsx/*]
liveops: missing-dep-for-interpreter node (does not satisfy nodejs:any) [usr/lib/liveops/app/node_modules/tsx/*]
`;

/** @returns the name of the file; null for a system without Debian packages, or where dpkg-deb is missing */
export function debOf(target: Target, tree: string, out: string, date: Date): string | null {
  const architecture = ARCHITECTURES[target];
  if (architecture === undefined || spawnSync("dpkg-deb", ["--version"]).status !== 0) return null;
  const file = `liveops_${manifest.version}_${architecture}.deb`;
  const root = `${tree}.deb`;
  const put = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const read = (path: string) => readFileSync(join(tree, path));
  for (const name of ["app", "bin", "node"])
    cpSync(join(tree, name), join(root, "usr/lib/liveops", name), { recursive: true });
  // A library: Node loads it.
  for (const path of filesIn(root).filter((each) => each.endsWith(".node")))
    chmodSync(join(root, path), 0o644);
  mkdirSync(join(root, "usr/bin"));
  for (const bin of BINS) symlinkSync(`../lib/liveops/bin/${bin}`, join(root, "usr/bin", bin));

  for (const page of filesIn(join(tree, "share/man")))
    put(`usr/share/man/${page}.gz`, gzipSync(read(`share/man/${page}`), { level: 9 }));
  for (const name of ["bash-completion", "fish"])
    cpSync(join(tree, "share", name), join(root, "usr/share", name), {
      recursive: true,
      verbatimSymlinks: true,
    });
  put("usr/share/zsh/vendor-completions/_liveops", read("share/zsh/site-functions/_liveops"));
  put("usr/share/doc/liveops/sbom.cdx.json", read("sbom.cdx.json"));
  put("usr/share/doc/liveops/copyright", copyright());
  put("usr/share/doc/liveops/changelog.gz", gzipSync(changelog(date), { level: 9 }));
  put("usr/share/lintian/overrides/liveops", OVERRIDES);

  const files = filesIn(root);
  const bytes = files.reduce((sum, path) => sum + readFileSync(join(root, path)).length, 0);
  const md5 = (path: string) =>
    createHash("md5")
      .update(readFileSync(join(root, path)))
      .digest("hex");
  put("DEBIAN/md5sums", files.map((path) => `${md5(path)}  ${path}\n`).join(""));
  put("DEBIAN/control", control(architecture, bytes));
  for (const path of pathsIn(root)) lutimesSync(join(root, path), date, date);
  execFileSync("dpkg-deb", ["--root-owner-group", "--build", root, join(out, file)], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(date.getTime() / 1000) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  rmSync(root, { recursive: true });
  return file;
}

function control(architecture: string, bytes: number): string {
  return `Package: liveops
Version: ${manifest.version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${Math.ceil(bytes / 1024)}
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 5.2)
Section: utils
Priority: optional
Homepage: ${manifest.homepage}
Description: run long operations and watch their stages in the terminal
 A daemon of your user runs operations in worker processes. Commands and a
 dashboard show their stages, progress and logs.
 .
 The package contains the Node that it needs.
`;
}

function changelog(date: Date): string {
  return `liveops (${manifest.version}) unstable; urgency=medium

  * See /usr/lib/liveops/app/CHANGELOG.md.

 -- ${MAINTAINER}  ${date.toUTCString().replace("GMT", "+0000")}
`;
}

function copyright(): string {
  return `${readFileSync(join(ROOT, "LICENSE"), "utf8")}
The package contains code of other authors, under the licences in these files:

/usr/lib/liveops/app/dist/THIRD_PARTY_NOTICES.txt
/usr/lib/liveops/app/node_modules/*/LICENSE*
/usr/lib/liveops/node/LICENSE
`;
}
