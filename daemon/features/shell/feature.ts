/** Opens a shell where a failed stage ran. */
import type { MakeFeature } from "../../compose.js";
import { shellRoutes } from "./route.js";

export const shell: MakeFeature = (parts) => ({ routes: shellRoutes(parts) });
