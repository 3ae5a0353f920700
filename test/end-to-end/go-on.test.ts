/**
 * Going on differently after a failure, with the real bins: what a person has done by hand, and
 * other parameters.
 */
import { expect, test } from "vitest";
import { useWorld } from "./world.js";

const world = useWorld();

const RELEASE = `name: release
cwd: file
params: { region: { default: us, enum: [us, eu] } }
stages:
  - { name: Build, run: 'echo "built for $region"' }
  - name: Publish
    run: exit 3
    outputs: [url, size]
  - { name: Ship, run: 'echo "ships $url of $size" && exit 4' }
`;

test("retry --done takes a stage as done with its outputs, and every screen says who has done it", async () => {
  world.write("work/release.yaml", RELEASE);
  const id = await world.submit("release.yaml");
  await world.inState(id, "failed");
  expect((await world.liveops(["why", id])).stdout).toContain(
    `liveops retry ${id} --done Publish --output url=... --output size=...  # goes on`,
  );
  const words = ["--done", "Publish", "--output", "url=http://x", "--output", "size=2 MB"];
  expect(await world.liveops(["retry", id, ...words])).toMatchObject({
    code: 0,
    stdout: `${id}\n`,
    stderr: "",
  });
  await world.inState(id, "failed");
  expect(await world.lines(id)).toContain("ships http://x of 2 MB");
  const shown = (await world.liveops(["show", id])).stdout;
  expect(shown).toMatch(/Publish .*done by hand by [\w.-]+, \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
  expect(shown).toMatch(/Build .*done in attempt 1/);
  const watched = await world.liveops(["watch", id]);
  expect(watched.stderr).toMatch(/retried; done by hand by [\w.-]+: Publish\n/);
  expect(watched.stdout + watched.stderr).toContain("done by hand by");
});

test("retry name=value names the stages that run again, and why", async () => {
  const id = await world.submit("release.yaml");
  await world.inState(id, "failed");
  const retried = await world.liveops(["retry", id, "region=eu"]);
  expect(retried).toMatchObject({ code: 0, stdout: `${id}\n` });
  expect(retried.stderr).toBe("liveops: Build runs again: the parameter region changed\n");
  await world.inState(id, "failed");
  expect(await world.lines(id)).toEqual(expect.arrayContaining(["built for us", "built for eu"]));
  const same = await world.liveops(["retry", id, "region=eu"]);
  expect(same).toMatchObject({ code: 0, stderr: "" });
  await world.inState(id, "failed");
  const back = await world.liveops(["retry", id, "--params", "{}"]);
  expect(back.stderr).toBe("liveops: Build runs again: the parameter region changed\n");
  await world.inState(id, "failed");
  const written = await world.liveops(["retry", id, "region=us"]);
  expect(written).toMatchObject({ code: 0, stderr: "" });
  expect((await world.inState(id, "failed")).params.params).toEqual({});
});
