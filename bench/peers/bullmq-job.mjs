/** A job of stages without work, each reported as it begins; one file for both kinds of processor. */
export default async function threeStages(job) {
  for (let stage = 0; stage < job.data.reports; stage++) await job.updateProgress({ stage });
}
