/**
 * Percentages and counts in lines of any program. A log has such figures for many reasons, so the
 * forms are strict: a false bar does more harm than a missing bar, and `liveops report` says
 * progress for certain.
 */
import type { Reading, Recogniser } from "../../programs/progress/reading.js";
import { labelOf } from "./bars.js";
import { cutAtPercent } from "./program.js";

const ACTIVITY =
  "(?:progress|(?:down|up)loading|loading|processing|copying|moving|extracting|compressing|decompressing|converting|importing|exporting|indexing|scanning|building|compiling|linking|installing|verifying|checking|validating|writing|reading|sending|receiving|transferring|fetching|encoding|decoding|transcoding|rendering|training|evaluating|migrating|restoring|backing up|archiving|syncing|synchroni[sz]ing|unpacking|packing|generating|analy[sz]ing|optimi[sz]ing|rebuilding|resyncing|formatting|erasing|flashing|hashing|encrypting|decrypting|deleting|removing|cleaning|crawling|parsing|resizing|merging|sorting|dumping|updating|upgrading|deploying|(?:down|up)loaded|processed|copied|transferred|imported|exported|indexed|scanned|converted|migrated|restored|extracted|rendered|encoded|synced|verified|checked|completed|finished|done)";
const ACTIVITY_FIRST = new RegExp(`^[^A-Za-z0-9]{0,4}${ACTIVITY}\\b`, "i");
const FINISHED_AFTER =
  /^[\])]?,? +(?:complete|completed|done|finished|processed|copied|downloaded|uploaded|transferred|converted|scanned|indexed|imported|exported|written|read|verified|installed|extracted|compressed)\b/i;
/** The word before a percentage that measures something else: `reduced by 45%`, `disk is 93%`. */
const OTHER_MEASURE =
  /\b(?:by|at|to|of|is|are|was|were|above|below|over|under|than|about|only|least|most|saved?|reduced|exceeds?|used?|usage|full|free|coverage|quality|level|threshold|limit|score|ratio|rate|confidence|accuracy|battery|volume|cpu|memory|disk|load|and|or|with) *[:=~<>≈]? *$/i;
const TROUBLE =
  /\b(?:fail\w*|errors?|warn\w*|retr(?:y|ies|ying)|attempts?|time[ds]? ?out|denied|refused|invalid|aborted|skipp?ed|unable|cannot|could not)\b/i;

/** `Downloading: 45%`, `Progress 45% ETA 3s`, `45% complete`. */
export class PercentLine implements Recogniser {
  readonly name = "percent";

  read(text: string, isFrame: boolean): Reading | null {
    if (!text.includes("%")) return null;
    const cut = cutAtPercent(text);
    if (cut === null || cutAtPercent(cut.after) !== null) return null;
    const isFirst = /^[^A-Za-z0-9]{0,4}$/.test(cut.before);
    const isProgress = isFirst
      ? FINISHED_AFTER.test(cut.after)
      : ACTIVITY_FIRST.test(text) &&
        cut.before.length <= 120 &&
        !OTHER_MEASURE.test(cut.before) &&
        endsWell(cut.after);
    if (!isProgress || TROUBLE.test(text)) return null;
    const label = isFirst ? "" : labelOf(cut.before);
    const isWhole = isFirst || /^[\])]?\.{0,3} *$/.test(cut.after);
    return {
      ...(label === "" ? {} : { label }),
      percent: cut.percent,
      isOnlyProgress: isFrame || isWhole,
    };
  }
}

/**
 * No `45% of the space`: the end of the line, a bracket, a bar, a figure, a time or a word that
 * ends the work.
 */
function endsWell(after: string): boolean {
  return (
    /^(?:[\])]|\.{0,3} *$|,? *[|([]|,? +(?:\d|-|@|ETA\b|eta\b|in \d))/.test(after) ||
    FINISHED_AFTER.test(after)
  );
}

const ANY_COUNT = /\d ?(?:\/|of) ?\d/;
/**
 * `[12/90] CC main.o`, `[1,234 / 5,678] Compiling`, `(12/90): package`, `(12/90) installing
 * package`.
 */
const BRACKETS = /^(?:\[ *([\d,]{1,15}) *\/ *([\d,]{1,15})\]|\( *(\d{1,9})\/(\d{1,9})\):?) +\S/;
const STEP = /^(Step|Stage|Phase|Epoch|Iteration) (\d{1,9}) ?(?:\/|of) ?(\d{1,9})(?=$|[ :,.\])])/i;
/** These count on when a higher count follows; `Test 3 of 5` may as well be a result. */
const ITEM =
  /^(File|Item|Batch|Chunk|Record|Row|Table|Image|Frame|Task|Job|Package|Module|Document|Video|Track|Host|Node|Round|Trial|Fold|Run|Test|Block) (\d{1,9}) ?(?:\/|of) ?(\d{1,9})(?=$|[ :,.\])])/i;
const ACTIVITY_COUNT = new RegExp(
  `^[^A-Za-z0-9]{0,4}(${ACTIVITY}\\b[^\\d%]{0,60})\\b(\\d{1,15}) ?(?:\\/|of) ?(\\d{1,15})(?=$|[ :;,.\\])])`,
  "i",
);
const COUNT_OF_THINGS = /^ *(\d{1,15}) ?(?:\/|of) ?(\d{1,15}) ([a-z]{2,30}s)\b/;

/** A percentage at the beginning that agrees with the count after it. */
const PERCENT_AND_COUNT = /^ *\[?(\d{1,3})% \(?(\d{1,15})\/(\d{1,15})[)\]]? /;

interface Count {
  form: string;
  label: string;
  unit: string | null;
  done: number;
  total: number;
}

/**
 * `[12/90] text` (ninja and many others), `Step 3/12`, `Processing file 12 of 90`, `12/90 files`.
 *
 * A date or a fraction has these forms too. A count that begins at its first item is progress; any
 * other count is progress once the same total came with a higher count.
 */
export class CountLine implements Recogniser {
  readonly name = "count";
  /** The last count of each form, and whether it is progress for certain. */
  readonly #last = new Map<string, Count & { isSure: boolean }>();

  read(text: string, isFrame: boolean): Reading | null {
    if (!(text.includes("/") || text.includes("of ")) || !ANY_COUNT.test(text)) return null;
    const count = countIn(text);
    if (count === null || count.total < 2 || count.done > count.total || TROUBLE.test(text))
      return null;
    const isSure = isFrame || isFirst(count) || goesOn(this.#last.get(count.form), count);
    this.#last.set(count.form, { ...count, isSure });
    if (!isSure) return null;
    const { label, unit, done, total } = count;
    return { label, done, total, unit, isOnlyProgress: isFrame };
  }
}

function isFirst({ form, done }: Count): boolean {
  return form === "percent" || (form !== "items" && done <= 1);
}

/** A total may grow while the program finds more to do. */
function goesOn(last: (Count & { isSure: boolean }) | undefined, { done, total }: Count): boolean {
  if (last === undefined) return false;
  return last.isSure
    ? done >= last.done && total >= last.total
    : done > last.done && total === last.total;
}

function countIn(text: string): Count | null {
  if (text.startsWith("(") || (text.startsWith("[") && !text.includes("% "))) {
    const [, done, total, item = done, items = total] = BRACKETS.exec(text) ?? [];
    return item === undefined ? null : countOf("brackets", "steps", null, item, items);
  }
  const step = STEP.exec(text);
  if (step !== null) return countOf("step", step[1]!.toLowerCase(), null, step[2], step[3]);
  const item = ITEM.exec(text);
  if (item !== null) return countOf("items", item[1]!.toLowerCase(), null, item[2], item[3]);
  const activity = ACTIVITY_FIRST.test(text) ? ACTIVITY_COUNT.exec(text) : null;
  if (activity !== null)
    return countOf("activity", labelOf(activity[1]!), null, activity[2], activity[3]);
  const [, percent, done, total] = text.includes("% ") ? (PERCENT_AND_COUNT.exec(text) ?? []) : [];
  if (percent !== undefined)
    return Math.abs(Number(percent) - (100 * Number(done)) / Number(total)) <= 1
      ? countOf("percent", "steps", null, done, total)
      : null;
  const things = COUNT_OF_THINGS.exec(text);
  return things && countOf("items", things[3]!, things[3]!, things[1], things[2]);
}

function countOf(form: string, label: string, unit: string | null, done = "", total = ""): Count {
  return {
    form,
    label,
    unit,
    done: Number(done.replaceAll(",", "")),
    total: Number(total.replaceAll(",", "")),
  };
}
