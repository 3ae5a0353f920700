/** A date in parameters: ISO text, `2026-11-25` or with time and zone. Pure. */

const ISO =
  /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** The date of the text; null: it is none. */
export function storedDate(text: string): Date | null {
  const [, year, month, day] = ISO.exec(text) ?? [];
  if (year === undefined) return null;
  const date = new Date(text);
  // `Date` takes the 31st of February for a day in March.
  const isDay =
    new Date(Date.UTC(2000, Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  const isLeapDay = month === "02" && day === "29";
  const isLeap = new Date(Date.UTC(Number(year), 1, 29)).getUTCDate() === 29;
  return Number.isNaN(date.getTime()) || !isDay || (isLeapDay && !isLeap) ? null : date;
}
