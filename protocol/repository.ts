/** The address of the repository of liveops, without a slash at its end; empty: it has none yet. */
export const REPOSITORY: string = "";
