/** `--on` and `--tag`: the hosts of a fleet that may run the operation. */
import { UsageError } from "../../../protocol/failures.js";
import { listed, type SubmitOption } from "./option.js";

interface HostOptions {
  on?: string;
  tag?: string[];
}

export const HOSTS: SubmitOption<HostOptions> = {
  add(command, form) {
    if (form === "run") return;
    const isChange = form === "again" || form === "edit";
    const [anyHost, noTags] = isChange ? ['; "": any host', '; "": no tags'] : ["", ""];
    const standard = form === "again" ? " (default: that of the operation)" : "";
    command
      .option(
        "--on <host>",
        `Run only on this host of the fleet${anyHost}; liveops hosts lists the hosts${standard}`,
      )
      .option("--tag <tag>", `Run only on a host with this tag (repeatable)${noTags}${standard}`, listed);
  },
  fields({ on, tag }, { form }) {
    if (form === "again" || form === "edit")
      return { ...(on !== undefined && { on: on === "" ? null : on }), ...(tag && { tags: tag }) };
    if (on === "") throw new UsageError("--on needs the name of a host; liveops hosts lists them");
    if (tag?.length === 0)
      throw new UsageError("--tag needs a tag; liveops hosts lists the tags of each host");
    return { ...(on !== undefined && { on }), ...(tag && { tags: tag }) };
  },
};
