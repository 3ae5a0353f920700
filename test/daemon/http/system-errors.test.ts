import { expect, test } from "vitest";
import { asRefusal } from "../../../daemon/http/errors.js";
import { systemError } from "../../harness/system-error.js";

test.each(["EIO", "EROFS", "EMFILE"])(
  "%s in a route is told as the system's error, not as a bug",
  (code) => {
    expect(asRefusal(systemError(code, "open"))).toMatchObject({
      code: "LIVEOPS_STORE_FAILED",
      status: 503,
    });
    expect(asRefusal(systemError("EINVAL", "open"))).toMatchObject({ code: "LIVEOPS_INTERNAL" });
  },
);
