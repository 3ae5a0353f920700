/** `creates`: a stage or step does not run where its file is there. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Builds } from "../../ops/pipeline/builds.js";
import { temporary } from "../../ops/temporary.js";

const FILE = `params: { name: { default: a } }
stages:
  - name: Database
    creates: $name.db
    run: echo ran >>ran; touch $name.db
  - name: Sides
    parallel:
      - { name: left, creates: left.txt, run: touch left.txt }
      - { name: right, creates: right.txt, run: touch right.txt }
`;

test("a stage runs until its file is there, and each step by itself", async () => {
  const dir = join(temporary(), "work");
  mkdirSync(dir);
  writeFileSync(join(dir, "right.txt"), "");
  const builds = new Builds(dir);
  expect((await builds.run(FILE)).said).toEqual({
    Database: "done: runs: it makes a.db",
    Sides: "done",
    "Sides/left": "done: runs: it makes left.txt",
    "Sides/right": "up-to-date: right.txt is there",
  });
  expect((await builds.run(FILE)).said).toMatchObject({ Database: "up-to-date: a.db is there" });
  expect((await builds.run(FILE, { set: ["name=b"] })).said).toMatchObject({
    Database: "done: runs: it makes b.db",
  });
  expect((await builds.run(FILE, { force: true })).said).toMatchObject({
    Database: "done: runs: it makes a.db",
  });
});
