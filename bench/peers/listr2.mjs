/** listr2: runs a number of empty tasks in sequence, rendered as text. */
import { Listr } from "listr2";

const count = Number(process.argv[2]);
const tasks = Array.from({ length: count }, (_, n) => ({ title: `Step ${n}`, task: async () => {} }));
await new Listr(tasks, { renderer: "simple" }).run();
