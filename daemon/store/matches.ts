/** Whether an operation in memory fits a query, as the history's index has it of those on disk (`history-index.ts`). */
import type { Entry } from "./decision.js";
import type { HistoryQuery } from "./history-index.js";

export function matches({ record, order }: Entry, query: HistoryQuery): boolean {
  if (query.state && !query.state.includes(record.state)) return false;
  if (query.op !== undefined && record.op !== query.op) return false;
  if (query.chain !== undefined && record.chain.id !== query.chain) return false;
  if (query.before !== undefined && order >= query.before) return false;
  if (!query.q) return true;
  const text = [record.id, record.op, record.title, record.label ?? ""].join("\n").toLowerCase();
  return text.includes(query.q.toLowerCase());
}
